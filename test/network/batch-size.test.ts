import { expect, test } from "vitest";
import { defaultBatchSize, updateRule } from "../../src/network/batch-size.ts";

test.each([
  [0, 16],
  [1, 16],
  [6399, 16],
  [6400, 32],
  [12_799, 32],
  [12_800, 64],
  [25_599, 64],
  [25_600, 128],
  [1e9, 128],
])("a task of %i cycles takes steps of %i", (cycles, size) => {
  expect(defaultBatchSize(cycles)).toBe(size);
});

test.each([
  [1, "online"],
  [15, "online"],
  [16, "batch"],
  [512, "batch"],
])("steps of %i use the %s rule", (size, rule) => {
  expect(updateRule(size)).toBe(rule);
});
