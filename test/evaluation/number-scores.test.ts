import { expect, test } from "vitest";
import { NumberScores } from "../../src/evaluation/number-scores.ts";

test("the example of scikit-learn's r2_score, in two batches", () => {
  const scores = new NumberScores();
  scores.add([3, -0.5], [2.5, 0]);
  scores.add([2, 7, NaN], [2, 8, 1]);
  const { rows, mae, rmse, r2 } = scores.metrics();
  expect(rows).toBe(4);
  expect(mae).toBeCloseTo(0.5, 12);
  expect(rmse).toBeCloseTo(Math.sqrt(0.375), 12);
  expect(r2).toBeCloseTo(0.948_608_137, 9);
  const baseline = scores.baseline();
  expect(baseline).toMatchObject({ mean: 2.875, rows: 4, r2: 0 });
  expect(baseline.mae).toBeNull();
  expect(baseline.rmse).toBeCloseTo(Math.sqrt((0.125 ** 2 + 3.375 ** 2 + 0.875 ** 2 + 4.125 ** 2) / 4), 12);
});

test("the baseline answers with a mean that was known before", () => {
  const scores = new NumberScores(1);
  scores.add([1, 2, 3], [1, 2, 3]);
  const baseline = scores.baseline();
  expect(baseline.mean).toBe(1);
  expect(baseline.mae).toBeCloseTo(1, 12);
  expect(baseline.rmse).toBeCloseTo(Math.sqrt(5 / 3), 12);
  expect(baseline.r2).toBeCloseTo(1 - 5 / 2, 12);
  expect(scores.metrics()).toEqual({ rows: 3, mae: 0, rmse: 0, r2: 1 });
});

test("numbers far from zero keep their variance", () => {
  const scores = new NumberScores();
  const far = 1e9;
  scores.add([far + 4, far + 7, far + 13, far + 16], [far + 4, far + 7, far + 13, far + 15]);
  // Squared distances from the mean: 36 + 9 + 9 + 36.
  expect(scores.metrics().r2).toBeCloseTo(1 - 1 / 90, 12);
});

test("a constant target has no r2, no rows have no scores", () => {
  const constant = new NumberScores();
  constant.add([2, 2], [1, 3]);
  expect(constant.metrics()).toEqual({ rows: 2, mae: 1, rmse: 1, r2: null });
  expect(constant.baseline()).toEqual({ mean: 2, rows: 2, mae: null, rmse: 0, r2: null });
  const none = new NumberScores();
  none.add([NaN], [1]);
  expect(none.metrics()).toEqual({ rows: 0, mae: null, rmse: null, r2: null });
  expect(none.baseline()).toEqual({ mean: null, rows: 0, mae: null, rmse: null, r2: null });
});

test("answers that are no numbers leave no score", () => {
  const scores = new NumberScores();
  scores.add([1, 2], [NaN, 2]);
  expect(scores.metrics()).toEqual({ rows: 2, not_finite_rows: 1, mae: null, rmse: null, r2: null });
});
