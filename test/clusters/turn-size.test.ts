import { expect, test } from "vitest";
import { TurnSize } from "../../src/clusters/turn-size.ts";

const report = (width: number, elapsedMs: number) => ({
  outputs: [{ name: "answer", width, values: new Float32Array() }],
  elapsedMs,
});

test("turns begin with one row and grow with a fast network", () => {
  const size = new TurnSize(10);
  const turns: number[] = [];
  for (let left = 1000; left > 0; left -= turns.at(-1)!) {
    turns.push(size.next(left));
    size.observe(turns.at(-1)!, report(2, 0.1));
  }
  expect(turns).toEqual([1, 4, 16, 64, 256, 659]);
});

test("turns are bounded by time and by the values of inputs and outputs", () => {
  const slow = new TurnSize(10);
  slow.observe(16, report(1, 700));
  expect(slow.next(1000)).toBe(1);
  expect(new TurnSize(2_000_000).next(10)).toBe(1);
  const many = new TurnSize(10_000);
  many.observe(1000, report(1, 0));
  expect(many.next(1000)).toBe(104);
  const wide = new TurnSize(10);
  wide.observe(1000, report(1000, 0));
  expect(wide.next(1000)).toBe(16);
});
