import type { Template } from "./template/parse-template.ts";

/** How good a network's answers were while it learnt a run: each before the step that learnt it. Sums, to be added up. */
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

/**
 * Sums over the samples that have a target for an output. Answers of several positions of one output are averaged
 * first. `hits` and `loss` are of outputs that are classes; `rows` of them are `odd` when the target is not one 1 among
 * 0s, and the output is none. The others are of values: of each output neuron, or of the number that the neurons of a
 * table's target stand for, as a share of the range of that target.
 */
export interface OutputTally {
  name: string;
  rows: number;
  odd: number;
  /** Rows whose largest value is that of their class. */
  hits: number;
  /** Sum of −ln of the probability of the class. */
  loss: number;
  /** Number of values. */
  values: number;
  squaredErrors: number;
  /** Sums of the expected values, and of their squares. */
  targets: number;
  squaredTargets: number;
}

export function emptyScores({ outputs }: Template): RunScores {
  const names = [...new Set(outputs.map(({ name }) => name))];
  const sums = { rows: 0, odd: 0, hits: 0, loss: 0, values: 0, squaredErrors: 0, targets: 0, squaredTargets: 0 };
  return { samples: 0, skipped: 0, learningRate: 0, outputs: names.map((name) => ({ name, ...sums })) };
}
