import { expect, test } from "vitest";
import { MeasureTimes } from "../../src/tasks/measure-times.ts";

interface Training {
  epochs: number;
  period: number;
  batchSize: number;
  total: number;
}

const training = (epochs: number, period: number, batchSize: number): Training => ({
  epochs,
  period,
  batchSize,
  total: epochs * period,
});

function timesOf(task: Training) {
  const times = new MeasureTimes(task);
  const all: number[] = [];
  for (let cycle = 0; cycle < task.total; cycle = times.next(cycle)) all.push(times.next(cycle));
  return { all, whole: all.filter((cycle) => times.hasWhole(cycle)), times };
}

test.each([
  training(1, 1000, 1),
  training(1, 60_000, 128),
  training(3, 997, 8),
  training(19, 500, 16),
  training(20, 100, 3),
  training(250, 40, 7),
])("a network is measured evenly, at ends of steps, and wholly at ends of epochs: %j", (task) => {
  const { epochs, period, batchSize, total } = task;
  const { all, whole, times } = timesOf(task);
  expect(all.length).toBeGreaterThanOrEqual(20);
  expect(all.length).toBeLessThanOrEqual(100);
  for (const cycle of all) expect(cycle % batchSize === 0 || cycle === total).toBe(true);
  const every = Math.ceil(epochs / 100);
  const ends = Array.from({ length: Math.ceil(epochs / every) }, (_, nth) =>
    Math.min(total, Math.ceil(((nth + 1) * every * period) / batchSize) * batchSize),
  );
  expect(whole).toEqual([...new Set(ends)]);
  const pauses = all.map((cycle, nth) => cycle - (all[nth - 1] ?? 0)).slice(0, -1);
  expect(Math.max(...pauses) - Math.min(...pauses)).toBeLessThanOrEqual(batchSize);
  const seen = Array.from({ length: total + 1 }, (_, cycle) => cycle).filter((cycle) => times.has(cycle));
  expect(seen).toEqual(all);
});

test("a training of few steps is measured after each, and one of a single step at its end", () => {
  expect(timesOf(training(1, 10, 4)).all).toEqual([4, 8, 10]);
  expect(timesOf(training(2, 10, 128)).all).toEqual([20]);
  expect(timesOf(training(2, 10, 128)).whole).toEqual([20]);
});
