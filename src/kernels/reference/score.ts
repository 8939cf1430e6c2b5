import { RAMP_HIGH, RAMP_LOW } from "../../encoders/target-shares.ts";
import { SCORED_BOOL, SCORED_CLASS, SCORED_NUMBER, SCORED_PROBABILITY_MIN } from "../../network/constants.ts";
import type { OutputTally } from "../../network/run-scores.ts";
import type { ScoredPositions } from "../../network/scored-outputs.ts";

/** What the output neurons showed before each step, and what they were taught. */
export interface ShownRows {
  rows: number;
  /** Both [row][output neuron]; NaN = no expected value. */
  shown: Float32Array;
  expected: Float32Array;
  /** [row]: 1 = excluded, nothing is learnt from it. */
  muted: Uint8Array;
}

/** Adds the rows of one output to its sums. A class is hit when its value is larger than all others. */
export function score(output: ScoredPositions, sums: OutputTally, { rows, shown, expected, muted }: ShownRows): void {
  const { kind, positions, width, wanted, other, least } = output;
  const [first = []] = positions;
  const stride = expected.length / Math.max(1, rows);
  for (let row = 0; row < rows; row++) {
    if (muted[row] !== 0) continue;
    const from = row * stride;
    let [count, wantedCount, zeros, right, trueValue, trueShare, share, highest] = [0, 0, 0, 0, 0, 0, 0, -1];
    let [error, squaredErrors, targets, squaredTargets] = [0, 0, 0, 0];
    for (let k = 0; k < Math.min(width, first.length); k++) {
      const target = expected[from + first[k]!]!;
      if (Number.isNaN(target)) continue;
      let value = 0;
      for (const neurons of positions) if (k < neurons.length) value += shown[from + neurons[k]!]!;
      value /= positions.length;
      count += 1;
      error += value - target;
      squaredErrors += (value - target) ** 2;
      targets += target;
      squaredTargets += target * target;
      share += Math.max(least, value - other);
      if (target === 0) zeros += 1;
      if (value >= 0.5 === target >= 0.5) right += 1;
      if (target === wanted) {
        wantedCount += 1;
        trueValue += value;
        trueShare += Math.max(least, value - other);
      } else highest = Math.max(highest, value);
    }
    if (count === 0) continue;
    sums.rows += 1;
    if (kind === SCORED_NUMBER) {
      const scale = count * (RAMP_HIGH - RAMP_LOW);
      const number = (targets - count * RAMP_LOW) / scale;
      sums.squaredErrors += (error / scale) ** 2;
      sums.targets += number;
      sums.squaredTargets += number * number;
      continue;
    }
    sums.squaredErrors += squaredErrors / count;
    sums.targets += targets / count;
    sums.squaredTargets += squaredTargets / count;
    const isOneHot = count > 1 && wantedCount + zeros === count;
    if (kind === SCORED_BOOL) sums.hits += right / count;
    else if (wantedCount === 1 && (kind === SCORED_CLASS || isOneHot)) {
      if (trueValue > highest) sums.hits += 1;
      const probability = share > 0 ? trueShare / share : 1 / count;
      sums.loss -= Math.log(Math.min(1, Math.max(SCORED_PROBABILITY_MIN, probability)));
    } else sums.odd += 1;
  }
}
