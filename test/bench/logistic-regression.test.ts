import { expect, test } from "vitest";
import { DesignMatrix } from "../../bench/tables/design-matrix.ts";
import { leastSquares, solveSymmetric, withOnes } from "../../bench/tables/linear-solver.ts";
import { fitLogistic, probabilities } from "../../bench/tables/logistic-regression.ts";
import type { Cells } from "../../src/encoders/cells.ts";
import { createRandom } from "../support/random.ts";

const matrix = (rows: number[][]) => ({
  rows: rows.length,
  width: rows[0]!.length,
  values: Float64Array.from(rows.flat()),
});

test("symmetric systems are solved, and others refused", () => {
  const x = solveSymmetric(Float64Array.of(4, 0, 2, 3), Float64Array.of(8, 8.5));
  // The upper half is not read: the matrix is [[4, 2], [2, 3]].
  expect([...x]).toEqual([expect.closeTo(0.875, 12), expect.closeTo(2.25, 12)]);
  expect(() => solveSymmetric(Float64Array.of(1, 0, 2, 1), Float64Array.of(1, 1))).toThrow(RangeError);
});

test("least squares finds a line, also where columns depend on each other", () => {
  const xs = [0, 1, 2, 5];
  const [slope, intercept] = leastSquares(
    withOnes(matrix(xs.map((x) => [x]))),
    xs.map((x) => 3 * x - 7),
  );
  expect([slope, intercept]).toEqual([expect.closeTo(3, 6), expect.closeTo(-7, 6)]);
  const [once, again] = leastSquares(matrix(xs.map((x) => [x, x])), xs);
  expect([once, again]).toEqual([expect.closeTo(0.5, 6), expect.closeTo(0.5, 6)]);
});

test("logistic regression of two rows has the weight that the equation asks for", () => {
  // The least of w²/2 + 2 log(1 + exp(-w)).
  const { weights } = fitLogistic(matrix([[1], [-1]]), [1, 0]);
  expect(weights[0]).toBeCloseTo(2 / (1 + Math.exp(weights[0]!)), 10);
  expect(weights[1]).toBeCloseTo(0, 10);
});

test("the intercept has no penalty: without other columns it tells the share", () => {
  const x = matrix([[0], [0], [0], [0], [0]]);
  const shares = probabilities(fitLogistic(x, [1, 1, 1, 1, 0]), x);
  expect([...shares]).toEqual(Array(5).fill(expect.closeTo(0.8, 8)));
});

test("two classes on both sides of a gap are separated, and the weights are where nothing pulls any more", () => {
  const random = createRandom(5);
  const beside = ([a, b]: number[]) => 2 * a! - b! - 3;
  const points = Array.from({ length: 300 }, () => [20 * random.next() - 10, 20 * random.next() - 10]);
  const rows = points.filter((point) => Math.abs(beside(point)) > 1);
  const labels = rows.map((point) => Number(beside(point) > 0));
  const x = matrix(rows);
  const model = fitLogistic(x, labels);
  const shares = probabilities(model, x);
  expect(rows.filter((_, row) => Math.round(shares[row]!) !== labels[row])).toEqual([]);
  for (const column of [0, 1]) {
    const pull = rows.reduce((sum, row, i) => sum + row[column]! * (labels[i]! - shares[i]!), 0);
    expect(pull).toBeCloseTo(model.weights[column]!, 6);
  }
});

test("rows for linear models: the median for missing numbers with a flag, standardised; one column for each category", () => {
  const meaning = { categories: ["a", "b"], origin: 0 };
  const size: Cells = { name: "size", kind: "number", ...meaning, values: Float32Array.of(1, NaN, 2, 6) };
  const kind: Cells = { name: "kind", kind: "category", ...meaning, values: Float32Array.of(1, 0, 1, NaN) };
  const { rows, width, values } = new DesignMatrix([size, kind]).of([size, kind]);
  expect([rows, width]).toEqual([4, 5]);
  const column = (i: number) => Array.from({ length: rows }, (_, row) => values[row * width + i]);
  // 1, 2, 2, 6 have the mean 2.75 and the variance 3.6875.
  expect(column(0)).toEqual([1, 2, 2, 6].map((value) => expect.closeTo((value - 2.75) / Math.sqrt(3.6875), 6)));
  expect(column(1)).toEqual([0, 1, 0, 0].map((flag) => expect.closeTo((flag - 0.25) / Math.sqrt(0.1875), 6)));
  expect([column(2), column(3), column(4)]).toEqual([
    [1, 0, 1, 0],
    [0, 1, 0, 0],
    [0, 0, 0, 1],
  ]);
});
