import { expect, test } from "vitest";
import { SliceSize } from "../../src/tasks/slice-size.ts";

test("slices start small, grow towards the target time and shrink again", () => {
  const size = new SliceSize({ unit: 1, bytesPerCycle: 100 });
  const cyclesPerMs = 40;
  const sizes: number[] = [];
  for (let index = 0; index < 12; index++) {
    const cycles = size.next(1_000_000);
    sizes.push(cycles);
    size.observe(cycles, cycles / cyclesPerMs);
  }
  expect(sizes[0]).toBe(16);
  expect(sizes[1]).toBe(64);
  const settled = (sizes.at(-1) as number) / cyclesPerMs;
  expect(settled).toBeGreaterThanOrEqual(50);
  expect(settled).toBeLessThanOrEqual(100);
  size.observe(1000, 1000);
  expect(size.next(1_000_000)).toBeLessThan(100);
  size.observe(1000, 1);
  size.startAgain();
  expect(size.next(1_000_000)).toBe(16);
});

test("slices are shorter while others wait for their ends, and as long as before afterwards", () => {
  const size = new SliceSize({ unit: 1, bytesPerCycle: 100 });
  size.observe(1000, 10);
  const usual = size.next(1_000_000);
  expect(size.next(1_000_000, { isInHurry: true }) / usual).toBeCloseTo(2 / 7, 2);
  expect(size.next(1_000_000)).toBe(usual);
});

test("slices hold whole steps, except before a border", () => {
  const size = new SliceSize({ unit: 128, bytesPerCycle: 100 });
  expect(size.next(1000)).toBe(128);
  size.observe(128, 10);
  expect(size.next(1000) % 128).toBe(0);
  expect(size.next(100)).toBe(100);
});

test("a slice is at least one step, and beyond that has bounded memory", () => {
  const size = new SliceSize({ unit: 4, bytesPerCycle: 4 * 1024 * 1024 });
  size.observe(1000, 0.001);
  expect(size.next(1000)).toBe(4);
  const narrow = new SliceSize({ unit: 1, bytesPerCycle: 1024 * 1024 });
  narrow.observe(1000, 0.001);
  expect(narrow.next(1000)).toBe(16);
});
