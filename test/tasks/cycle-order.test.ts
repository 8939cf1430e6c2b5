import { expect, test } from "vitest";
import { CycleOrder } from "../../src/tasks/cycle-order.ts";

/** The cycles of an epoch in the order's sequence, position by position. */
function sequence(order: CycleOrder, epoch: number): number[] {
  return Array.from({ length: order.period }, (_, position) => {
    const { window, start } = order.windowAt(epoch, position);
    const cycles = order
      .pieces(epoch, window)
      .flatMap(({ first, count }) => Array.from({ length: count }, (_cycle, i) => first + i));
    return cycles[order.positions(epoch, window, cycles.length)[position - start]!]!;
  });
}

const ascending = (period: number) => Array.from({ length: period }, (_, i) => i);

test.each([
  [1, 1000],
  [2, 1000],
  [255, 4096],
  [256, 4096],
  [257, 4096],
  [1000, 4096],
  [100, 32],
  [101, 32],
  [33, 1],
  [333, 160],
])("an epoch of %i cycles, windows of %i: each cycle once", (period, windowCyclesMax) => {
  for (const epoch of [0, 1, 7]) {
    const order = new CycleOrder({ period, windowCyclesMax, seed: 3 });
    expect(sequence(order, epoch).toSorted((a, b) => a - b)).toEqual(ascending(period));
  }
});

test("every epoch and every seed has its own order, the same each time", () => {
  const make = (seed: number) => new CycleOrder({ period: 300, windowCyclesMax: 4096, seed });
  const first = sequence(make(1), 0);
  expect(sequence(make(1), 0)).toEqual(first);
  expect(sequence(make(1), 1)).not.toEqual(first);
  expect(sequence(make(2), 0)).not.toEqual(first);
  expect(first).not.toEqual(ascending(300));
});

test("a window of a long table mixes cycles from all over it", () => {
  const period = 60_000;
  const order = new CycleOrder({ period, windowCyclesMax: 4096, seed: 1 });
  for (const position of [0, 20_000, 59_999]) {
    const { window } = order.windowAt(0, position);
    const tenths = order.pieces(0, window).map(({ first }) => Math.floor((10 * first) / period));
    expect(new Set(tenths).size).toBeGreaterThanOrEqual(5);
  }
});
