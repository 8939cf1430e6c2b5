import type { OutputTally } from "../network/run-scores.ts";
import type { CurveOutput } from "./curve-output.ts";
import { finiteScores, type ScoredCurveOutput } from "./measurement.ts";

/** The sums of a tally. */
export type Tally = Omit<OutputTally, "name">;

/** A variance below this share of the mean square is that of rounding. */
const VARIANCE_MIN = 1e-9;

/**
 * The scores that these sums tell. `total` are the sums of which the variance of the targets is known; `isOdd`: some
 * row of the output is no class.
 */
export function tallyScores(
  { name, measure, range }: CurveOutput,
  { sums, total, isOdd }: { sums: Tally; total: Tally; isOdd: boolean },
): ScoredCurveOutput {
  const areClasses = measure === "class" || (measure === "one-hot" && !isOdd);
  const isNumber = !areClasses && measure !== "bool";
  if (areClasses) {
    return { name, isNumber, ...finiteScores({ loss: sums.loss / sums.rows, accuracy: sums.hits / sums.rows }) };
  }
  const meanSquare = sums.squaredErrors / sums.rows;
  return {
    name,
    isNumber,
    ...finiteScores({
      loss: meanSquare / varianceOf(total),
      // Each value of such an output is a class.
      accuracy: measure === "bool" ? sums.hits / sums.rows : undefined,
      error: isNumber && measure !== "bits" ? Math.sqrt(meanSquare) * range : undefined,
    }),
  };
}

/** Of the targets so far, so that a point whose targets are the same has a loss, too; 0 while all are the same. */
function varianceOf({ rows, targets, squaredTargets }: Tally): number {
  const meanSquare = squaredTargets / rows;
  const variance = meanSquare - (targets / rows) ** 2;
  return variance > VARIANCE_MIN * meanSquare ? variance : 0;
}
