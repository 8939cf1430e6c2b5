import type { Template } from "./template/parse-template.ts";

/** How good a network's answers were while it learnt, each before the step that learnt it: sums, to be added up. */
export interface RunScores {
  /** Samples of the run. */
  samples: number;
  /** Those from which nothing was learnt: their targets were nearly reached, or one of them is missing. */
  skipped: number;
  /** Learning rate of the last step, before the factor for the samples that are not skipped; 0 without a step. */
  learningRate: number;
  /** One for each name of an output, in template order. */
  outputs: OutputTally[];
}

/** Sums over the rows that have a target for an output. Answers of several positions of it are averaged first. */
export interface OutputTally {
  name: string;
  rows: number;
  /** Rows whose target is not one 1 among 0s: an output of kind plain with such rows has no classes. */
  odd: number;
  /** Rows whose largest value is that of their class; of `bool` outputs the shares of values on their side of 0.5. */
  hits: number;
  /** Of −ln of the probability of the class. */
  loss: number;
  /**
   * Of each row's mean squared error, mean target and mean squared target: over its output neurons, or of the number
   * that the neurons of a table's target stand for, as a share of the target's range.
   */
  squaredErrors: number;
  targets: number;
  squaredTargets: number;
}

/** The sums of a tally, in the order in which curves and kernels keep them. */
export const TALLIES = [
  "rows",
  "odd",
  "hits",
  "loss",
  "squaredErrors",
  "targets",
  "squaredTargets",
] as const satisfies readonly (keyof OutputTally)[];

export const emptyTally = (name: string): OutputTally => ({
  name,
  rows: 0,
  odd: 0,
  hits: 0,
  loss: 0,
  squaredErrors: 0,
  targets: 0,
  squaredTargets: 0,
});

export function emptyScores({ outputs }: Template): RunScores {
  const names = [...new Set(outputs.map(({ name }) => name))];
  return { samples: 0, skipped: 0, learningRate: 0, outputs: names.map(emptyTally) };
}
