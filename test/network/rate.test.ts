import { expect, test } from "vitest";
import { BATCH_RATE, ONLINE_RATE } from "../../src/network/constants.ts";
import { checkRule, rateAt } from "../../src/network/rate.ts";
import type { TrainRule } from "../../src/network/run.ts";

const rule = (horizon: number, more: Partial<TrainRule> = {}): TrainRule => ({
  batchSize: 128,
  schedule: { firstCycle: 0, horizon },
  ...more,
});

test.each([
  ["of up to 2000 steps", rule(256_000), BATCH_RATE],
  ["of twice as many steps", rule(512_000), BATCH_RATE / 2],
  ["of as many steps of 16", rule(64_000, { batchSize: 16 }), BATCH_RATE / 2],
  ["of very many steps", rule(1e9), BATCH_RATE * 0.33],
  ["of any length that learns online", rule(1e9, { batchSize: 1 }), ONLINE_RATE],
  ["of any length with a rate of its own", rule(1e9, { learningRate: 0.25 }), 0.25],
])("the base rate of a task %s", (_, task, rate) => {
  expect(rateAt(task, 0, 0)).toBeCloseTo(rate, 12);
});

test("the rate falls to 0 over the task", () => {
  expect(rateAt(rule(512_000), 256_000, 0)).toBeCloseTo(BATCH_RATE / 4, 12);
  expect(rateAt(rule(512_000), 512_000, 0)).toBe(0);
});

test.each([-0.1, 1.1, NaN])("a weight decay of %d is refused", (weightDecay) => {
  expect(() => checkRule(rule(1000, { weightDecay }), 1000)).toThrow(/weight decay/);
});
