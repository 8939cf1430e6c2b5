/**
 * Logistic regression of two classes, the yardstick of probabilities: as scikit-learn's `LogisticRegression` with its
 * default C of 1. Of all weights w with an intercept b it finds the least of ½|w|² + C Σ log loss; b is free. Newton's
 * method, of which each step is a weighted least squares (IRLS); the loss is convex, so where it ends is the optimum.
 */
import { gram, solveSymmetric, times, weighted, withOnes, type Matrix } from "./linear-solver.ts";

/** Weight of the log losses beside that of the squared weights. */
const C = 1;
/** It has converged when no weight moves by more. */
const MOVE_MAX = 1e-8;
const STEPS_MAX = 100;

export interface Logistic {
  /** One for each column, then the intercept. */
  weights: Float64Array;
}

/** Learns `labels`, 0 or 1, one for each row. Throws if it does not converge. */
export function fitLogistic(x: Matrix, labels: ArrayLike<number>): Logistic {
  const design = withOnes(x);
  const { rows, width } = design;
  let weights = new Float64Array(width);
  let loss = penalisedLoss(design, labels, weights);
  for (let step = 0; step < STEPS_MAX; step++) {
    const shares = times(design, weights).map(sigmoid);
    const gradient = weighted(
      design,
      shares.map((share, row) => C * (share - labels[row]!)),
    );
    const hessian = gram(
      design,
      shares.map((share) => C * share * (1 - share)),
    );
    for (let i = 0; i < width; i++) {
      const isIntercept = i === width - 1;
      if (!isIntercept) gradient[i]! += weights[i]!;
      // The intercept has no penalty: the least bit keeps the matrix definite where all shares are 0 or 1.
      hessian[i * width + i]! += isIntercept ? 1e-12 * rows : 1;
    }
    const move = solveSymmetric(hessian, gradient);
    // A whole step may go too far when the start is far away.
    for (let scale = 1; ; scale /= 2) {
      const next = weights.map((weight, i) => weight - scale * move[i]!);
      const nextLoss = penalisedLoss(design, labels, next);
      if (nextLoss > loss + 1e-12 * Math.abs(loss) && scale > 1e-6) continue;
      [weights, loss] = [next, nextLoss];
      break;
    }
    if (move.every((each) => Math.abs(each) <= MOVE_MAX)) return { weights };
  }
  throw new Error(`logistic regression does not converge in ${STEPS_MAX} steps`);
}

/** The probability of label 1 for each row. */
export const probabilities = ({ weights }: Logistic, x: Matrix): Float64Array =>
  times(withOnes(x), weights).map(sigmoid);

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
/** -log(sigmoid(z)), without overflow. */
const softplus = (z: number) => Math.max(0, -z) + Math.log1p(Math.exp(-Math.abs(z)));

function penalisedLoss(design: Matrix, labels: ArrayLike<number>, weights: Float64Array): number {
  let squares = 0;
  for (const weight of weights.subarray(0, -1)) squares += weight * weight;
  return times(design, weights).reduce((sum, z, row) => sum + C * softplus(labels[row] === 1 ? z : -z), squares / 2);
}
