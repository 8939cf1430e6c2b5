/** Accuracy on MNIST with default settings. */
import { defaultBatchSize } from "../../src/network/batch-size.ts";
import { printHead, printRow } from "../harness/table.ts";
import { trials } from "./runs.ts";
import { testSplit, validationSplit } from "./tables.ts";

/** `test`: measures on the test set, after training on all 60 000 images. */
export function targets({ test }: { test: boolean }): void {
  const problem = test ? testSplit() : validationSplit();
  printHead("epochs", "samples per step", "mean", "seeds 1, 2, 3", "sections", "synapses");
  for (const [epochs, size] of [
    [1, undefined],
    [5, undefined],
    [1, 1],
    [5, 1],
  ] as const) {
    const step = size ?? defaultBatchSize(problem.train.rows * epochs);
    const { mean, each } = trials(3, problem, step, { epochs });
    const scores = each.map(({ score }) => score.toFixed(2)).join(", ");
    const { sections, synapses } = each.at(-1)!;
    printRow(epochs, `${step}${size === undefined ? " (default)" : ""}`, mean.toFixed(2), scores, sections, synapses);
  }
}
