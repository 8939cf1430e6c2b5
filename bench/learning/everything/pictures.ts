/** Pictures of 28×28: MNIST and Fashion-MNIST, in steps of the default size and online. */
import { defaultBatchSize } from "../../../src/network/batch-size.ts";
import { trials } from "../runs.ts";
import { testSplit, validationSplit } from "../tables.ts";
import { folderOf, hasMnist } from "./data.ts";
import type { Measure, Part, Sizes } from "./measures.ts";

interface Training {
  what: string;
  epochs: number;
  isOnline?: boolean;
  seeds?: number;
  /** The folder of other pictures than MNIST's. */
  folder?: string;
  peers?: Record<string, number>;
}

/** Trained in the same way, on the test rows: a plain loop in C. */
const DENSE = { "dense MLP 784-56-10 (test rows)": 96.7 };

export const pictures: Part = {
  name: "pictures",
  *measure(sizes) {
    const { full } = sizes;
    if (hasMnist()) {
      yield learn({ what: "MNIST", epochs: 1 }, sizes);
      if (full) yield learn({ what: "MNIST", epochs: 5 }, sizes);
      yield learn({ what: "MNIST", epochs: 1, isOnline: true, seeds: full ? 3 : 1, peers: DENSE }, sizes);
    }
    const folder = folderOf("HANAMI_FASHION_DIR");
    if (folder === undefined) return;
    yield learn({ what: "Fashion-MNIST", epochs: full ? 10 : 2, folder }, sizes);
  },
};

function learn({ what, epochs, isOnline = false, seeds = 3, folder, peers }: Training, { test }: Sizes): Measure {
  const problem = test ? testSplit(undefined, folder) : validationSplit(undefined, folder);
  const step = isOnline ? 1 : defaultBatchSize(problem.train.rows * epochs);
  const { each } = trials(seeds, problem, step, { epochs });
  return {
    name: `${what}, ${epochs === 1 ? "one epoch" : `${epochs} epochs`}, ${isOnline ? "online" : "batches"}`,
    unit: "percent",
    on: test ? "test rows" : "validation rows",
    values: each.map(({ score }) => score),
    ...(peers && { peers }),
  };
}
