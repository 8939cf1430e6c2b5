import { expect, test } from "vitest";
import { isQuicklyMade, isSmall, ShortCycles } from "../../src/hosts/short-calls.ts";

const cycle = (inputs: number, expected?: number, cycles = 1) => ({
  cycles,
  timeLength: 1,
  inputs: [{ index: 0, width: inputs, rows: new Float32Array(0) }],
  ...(expected === undefined ? {} : { expected: [{ index: 0, width: expected, rows: new Float32Array(0) }] }),
});
const SMALL = 1_000_000;

test("a cycle is short if a similar one was quick", () => {
  const cycles = new ShortCycles();
  expect(cycles.isShort(cycle(784, 10), SMALL)).toBe(false);
  cycles.note(cycle(784, 10), 5);
  expect(cycles.isShort(cycle(784, 10), SMALL)).toBe(true);
  expect(cycles.isShort(cycle(784), SMALL)).toBe(true);
  // The cost of widening the network is unknown.
  expect(cycles.isShort(cycle(785, 10), SMALL)).toBe(false);
  expect(cycles.isShort(cycle(784, 11), SMALL)).toBe(false);
  expect(cycles.isShort(cycle(784, 10, 2), SMALL)).toBe(false);
  expect(cycles.isShort(cycle(784, 10), 2 ** 25 + 1)).toBe(false);
  // Two rows at a time are twice as many values.
  expect(cycles.isShort({ ...cycle(392), timeLength: 2 }, SMALL)).toBe(true);
  expect(cycles.isShort({ ...cycle(784), timeLength: 2 }, SMALL)).toBe(false);
  cycles.note(cycle(784), 21);
  expect(cycles.isShort(cycle(784), SMALL)).toBe(false);
  cycles.note(cycle(10_000), 2);
  expect(cycles.isShort(cycle(8192), SMALL)).toBe(true);
  expect(cycles.isShort(cycle(8193), SMALL)).toBe(false);
});

test("networks that are small, or quick to create", () => {
  expect([isSmall(2 ** 25), isSmall(2 ** 25 + 1)]).toEqual([true, false]);
  expect([isQuicklyMade("x".repeat(4096)), isQuicklyMade("x".repeat(4097))]).toEqual([true, false]);
});
