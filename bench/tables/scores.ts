import type { Cells } from "../../src/encoders/cells.ts";
import { bindTarget, type ClassTarget, type DecodedClasses, type DecodedNumbers } from "../../src/encoders/targets.ts";
import { PEERS, type Problem } from "./problems.ts";

export interface Score {
  /** Share of right classes, or root mean square error. */
  score: number;
  /** Mean of -log of the true class's probability; undefined for numbers. */
  logLoss?: number;
}

/** A probability that counts in place of 0. */
export const PROBABILITY_MIN = 1e-6;

export function scoreClasses(target: ClassTarget, decoded: DecodedClasses, truth: Cells): Score {
  const rows = truth.values.length;
  const width = target.classes.length;
  const taught = new Float32Array(rows * width);
  bindTarget(target, truth).encode(truth.values, rows, taught);
  let [right, loss] = [0, 0];
  for (let row = 0; row < rows; row++) {
    const one = taught.subarray(row * width, (row + 1) * width);
    // A class that no training row had is taught as NaN, and found nowhere.
    const index = one.indexOf(Math.max(...one));
    if (index === decoded.labels[row]) right += 1;
    loss -= Math.log(Math.max(PROBABILITY_MIN, decoded.probabilities[row * width + index] ?? 0));
  }
  return { score: right / rows, logLoss: loss / rows };
}

export function scoreNumbers({ values }: DecodedNumbers, truth: Cells): Score {
  const squares = values.reduce((sum, value, row) => sum + (value - truth.values[row]!) ** 2, 0);
  return { score: Math.sqrt(squares / values.length) };
}

/** How the mean score of a table stands beside the peers. */
export interface Standing {
  /** Place among the five, 1 to 5; equals share theirs. */
  rank: number;
  /** At least as good as the better of MLP and linear model, and as the best of all four. */
  asTwo: boolean;
  asFour: boolean;
  asBaseline: boolean;
  /** Logarithm of the error over the best peer's. */
  gap: number;
}

/** Added to shares of errors, so that a table without any error has a logarithm. */
const ERROR_SHARE_MIN = 0.005;

export function standing({ kind, peers }: Problem, score: number): Standing {
  const error = (each: number) => (kind === "class" ? 1 - each + ERROR_SHARE_MIN : each);
  // Peers are given with four places.
  const ours = error(Number(score.toFixed(4)));
  const theirs = PEERS.map((peer) => error(peers[peer]));
  const best = Math.min(...theirs);
  const before = theirs.filter((each) => each < ours - 1e-9).length;
  const beside = theirs.filter((each) => Math.abs(each - ours) <= 1e-9).length;
  return {
    rank: 1 + before + beside / 2,
    asTwo: ours <= Math.min(error(peers.mlp), error(peers.linear)) + 1e-9,
    asFour: ours <= best + 1e-9,
    asBaseline: ours <= error(peers.baseline) + 1e-9,
    gap: Math.log(ours / best),
  };
}
