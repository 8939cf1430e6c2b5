import { expect, test } from "vitest";
import type { RowGroup } from "../../src/tasks/row-group.ts";
import { spreadWindows } from "../../src/tasks/spread-windows.ts";

/** Row r has the values 10 r, 10 r + 1, …. */
function numbered(width: number): RowGroup {
  return {
    indices: [0],
    width,
    type: "float32",
    async fill(target, first, count) {
      for (let at = 0; at < count * width; at++) target[at] = 10 * (first + Math.floor(at / width)) + (at % width);
    },
  };
}

const table = { inputs: [numbered(2)], expected: [numbered(1)] };

test("windows are whole rows from all parts of a table, each with its target", async () => {
  const source = spreadWindows(table, { rows: 1000, timeLength: 3, count: 50 });
  expect(source.period).toBe(50);
  const { timeLength, inputs, expected } = await source.read(0, 50);
  expect({ timeLength, width: inputs[0]!.width }).toEqual({ timeLength: 1, width: 6 });
  const starts = Array.from(expected[0]!.values, (value) => value / 10);
  for (const [nth, start] of starts.entries()) {
    expect(start).toBeGreaterThanOrEqual(20 * nth);
    expect(start + 2).toBeLessThan(20 * (nth + 1));
    const window = [0, 1, 2].flatMap((row) => [10 * (start + row), 10 * (start + row) + 1]);
    expect([...inputs[0]!.values.subarray(6 * nth, 6 * (nth + 1))]).toEqual(window);
  }
  // A part of them is the same.
  const part = await source.read(7, 5);
  expect(Array.from(part.expected[0]!.values, (value) => value / 10)).toEqual(starts.slice(7, 12));
});

test("rows of all kinds are chosen, also where they take turns", async () => {
  const source = spreadWindows(table, { rows: 2000, timeLength: 1, count: 250 });
  const { expected } = await source.read(0, 250);
  const kinds = new Set(Array.from(expected[0]!.values, (value) => (value / 10) % 8));
  expect(kinds.size).toBe(8);
});

test("there are no more windows than fit without overlap", () => {
  expect(spreadWindows(table, { rows: 100, timeLength: 30, count: 256 }).period).toBe(3);
  expect(spreadWindows(table, { rows: 5, timeLength: 5, count: 256 }).period).toBe(1);
});
