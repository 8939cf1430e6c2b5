/** Accuracy on MNIST with what nobody tunes. `--test`: on the test set, after training on all 60 000 images. */
import { defaultBatchSize } from "../../src/network/batch-size.ts";
import { create, overSeeds, score, train } from "./runs.ts";
import { testSplit, validationSplit } from "./tables.ts";

export function targets(): void {
  const problem = process.argv.includes("--test") ? testSplit() : validationSplit();
  console.log("| epochs | samples per step | mean | seeds 1, 2, 3 | sections | synapses |\n|---|---|---|---|---|---|");
  for (const [epochs, size] of [
    [1, undefined],
    [5, undefined],
    [1, 1],
    [5, 1],
  ] as const) {
    const step = size ?? defaultBatchSize(problem.train.rows * epochs);
    let shape = "";
    const { mean, each } = overSeeds(3, (seed) => {
      const network = create(seed);
      train(network, problem.train, step, { epochs });
      const { sections, synapses } = network.figures();
      shape = `${sections} | ${synapses}`;
      const result = score(network, problem);
      network.dispose();
      return result;
    });
    const each2 = each.map((value) => value.toFixed(2)).join(", ");
    console.log(
      `| ${epochs} | ${step}${size === undefined ? " (default)" : ""} | ${mean.toFixed(2)} | ${each2} | ${shape} |`,
    );
  }
}
