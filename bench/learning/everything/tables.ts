/** Real tables with one set of defaults, beside scikit-learn's: see bench/tables. */
import { trial } from "../../tables/laboratory.ts";
import { readProblems, type Peer, type Problem } from "../../tables/problems.ts";
import { mean, resultOf, type Result, type Trial } from "../../tables/results.ts";
import { isTwoClass, logisticTrial } from "../../tables/yardstick.ts";
import { folderOf } from "./data.ts";
import type { Measure, Part } from "./measures.ts";

const NAMES: Record<Peer, string> = {
  mlp: "MLP",
  linear: "linear",
  random_forest: "forest",
  gradient_boosting: "boosting",
};

const HELD = "held-out rows of 5 folds";
const ALL = "all tables";

export const tables: Part = {
  name: "tables",
  *measure() {
    const folder = folderOf("HANAMI_TABLES_DIR");
    if (folder === undefined) return;
    const results: Result[] = [];
    const ratios: number[] = [];
    for (const problem of readProblems(folder, [])) {
      const folds = problem.test_rows.map((_, fold) => trial(problem, fold));
      results.push(resultOf(problem, folds));
      yield scoreOf(problem, folds);
      if (!isTwoClass(problem)) continue;
      const ratio = lossOf(problem, folds);
      ratios.push(mean(ratio.values));
      yield ratio;
    }
    yield {
      name: "log loss over logistic regression's, mean",
      unit: "ratio",
      on: "tables of two classes",
      values: ratios,
    };
    yield { name: "rank among five", unit: "rank", on: ALL, values: results.map(({ rank }) => rank) };
    yield {
      name: "as good as MLP and linear",
      unit: "percent",
      on: ALL,
      values: results.map(({ asTwo }) => 100 * +asTwo),
    };
    yield { name: "as good as all four", unit: "percent", on: ALL, values: results.map(({ asFour }) => 100 * +asFour) };
  },
};

function scoreOf({ name, kind, peers }: Problem, folds: readonly Trial[]): Measure {
  const scale = kind === "class" ? 100 : 1;
  return {
    name,
    unit: kind === "class" ? "percent" : "error",
    on: HELD,
    values: folds.map(({ score }) => scale * score),
    peers: Object.fromEntries(Object.entries(NAMES).map(([peer, shown]) => [shown, scale * peers[peer as Peer]])),
  };
}

/** Compares the probabilities: the log loss, in shares of that of logistic regression on the same fold. */
function lossOf(problem: Problem, folds: readonly Trial[]): Measure {
  const theirs = folds.map((_, fold) => logisticTrial(problem, fold));
  const right = 100 * mean(theirs.map(({ score }) => score));
  console.error(
    `tables: logistic regression is right on ${right.toFixed(2)} %, ` +
      `the linear peer on ${(100 * problem.peers.linear).toFixed(2)} %`,
  );
  return {
    name: `${problem.name}, log loss over logistic regression's`,
    unit: "ratio",
    on: HELD,
    values: folds.map(({ logLoss }, fold) => logLoss! / theirs[fold]!.logLoss!),
    peers: { "logistic regression": 1 },
  };
}
