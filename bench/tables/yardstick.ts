import { DesignMatrix } from "./design-matrix.ts";
import { fitLogistic, probabilities } from "./logistic-regression.ts";
import { rowsOfFold, type Problem } from "./problems.ts";
import { pickCells } from "./read-csv.ts";
import { PROBABILITY_MIN, type Score } from "./scores.ts";

/** Whether the targets of a table are two classes. */
export const isTwoClass = ({ kind, targets }: Problem): boolean =>
  kind === "class" && new Set(targets.values.filter((value) => !Number.isNaN(value))).size === 2;

/** What logistic regression reaches on a fold of a table of two classes. */
export function logisticTrial(problem: Problem, fold: number): Score {
  const { train, test } = rowsOfFold(problem, fold);
  const [inputs, held] = [train, test].map((rows) => problem.inputs.map((cells) => pickCells(cells, rows)));
  const first = problem.targets.values[train[0]!]!;
  const labelsOf = (rows: Uint32Array) => Array.from(rows, (row) => Number(problem.targets.values[row] === first));
  const design = new DesignMatrix(inputs!);
  const shares = probabilities(fitLogistic(design.of(inputs!), labelsOf(train)), design.of(held!));
  let [right, loss] = [0, 0];
  labelsOf(test).forEach((label, row) => {
    const probability = label === 1 ? shares[row]! : 1 - shares[row]!;
    if (probability > 0.5) right += 1;
    loss -= Math.log(Math.max(PROBABILITY_MIN, probability));
  });
  return { score: right / test.length, logLoss: loss / test.length };
}
