/** Small systems of linear equations, for the yardsticks: hundreds of unknowns. Matrices are [rows][columns], flat. */

/**
 * The x of `matrix` · x = `right`. The matrix, [n][n], is symmetric and positive definite; only its lower half is read.
 * Throws RangeError for another one.
 */
export function solveSymmetric(matrix: Float64Array, right: Float64Array): Float64Array {
  const n = right.length;
  // Cholesky: matrix = L · Lᵀ.
  const lower = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= lower[i * n + k]! * lower[j * n + k]!;
      if (i > j) lower[i * n + j] = sum / lower[j * n + j]!;
      else if (sum > 0) lower[i * n + i] = Math.sqrt(sum);
      else throw new RangeError("the matrix is not positive definite");
    }
  }
  const x = Float64Array.from(right);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= lower[i * n + k]! * x[k]!;
    x[i]! /= lower[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= lower[k * n + i]! * x[k]!;
    x[i]! /= lower[i * n + i]!;
  }
  return x;
}

/** Rows of numbers, [rows][width]. */
export interface Matrix {
  rows: number;
  width: number;
  values: Float64Array;
}

/** The rows with a last column of ones, whose weight is the intercept. */
export function withOnes({ rows, width, values }: Matrix): Matrix {
  const wider = new Float64Array(rows * (width + 1)).fill(1);
  for (let row = 0; row < rows; row++) wider.set(values.subarray(row * width, (row + 1) * width), row * (width + 1));
  return { rows, width: width + 1, values: wider };
}

/** Each row times the weights. */
export const times = ({ rows, width, values }: Matrix, weights: ArrayLike<number>): Float64Array =>
  Float64Array.from({ length: rows }, (_, row) => {
    let sum = 0;
    for (let k = 0; k < width; k++) sum += values[row * width + k]! * weights[k]!;
    return sum;
  });

/** The lower half of Σ weight · row · rowᵀ. */
export function gram({ rows, width, values }: Matrix, weights: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(width * width);
  for (let row = 0; row < rows; row++) {
    const x = values.subarray(row * width, (row + 1) * width);
    for (let i = 0; i < width; i++) {
      const share = weights[row]! * x[i]!;
      if (share !== 0) for (let j = 0; j <= i; j++) sums[i * width + j]! += share * x[j]!;
    }
  }
  return sums;
}

/** Σ weight · row. */
export function weighted({ rows, width, values }: Matrix, weights: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(width);
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < width; i++) sums[i]! += weights[row]! * values[row * width + i]!;
  return sums;
}

/** Added to the diagonal, as a share of its mean, so that columns that depend on each other have a solution. */
const RIDGE = 1e-9;

/** The weights with the least sum of (row · weights − target)²; add `withOnes` for an intercept. */
export function leastSquares(x: Matrix, targets: ArrayLike<number>): Float64Array {
  const { rows, width } = x;
  const matrix = gram(x, new Float64Array(rows).fill(1));
  let trace = 0;
  for (let i = 0; i < width; i++) trace += matrix[i * width + i]!;
  for (let i = 0; i < width; i++) matrix[i * width + i]! += (RIDGE * trace) / width;
  return solveSymmetric(matrix, weighted(x, targets));
}
