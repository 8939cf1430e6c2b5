/**
 * Measures how well networks learn, for the tables of docs/learning.md: `npm run bench -- learning NAME`. Options: with
 * `--test`, `targets` measures on the test set.
 */
import { readOptions } from "../harness/options.ts";
import { ablation } from "./ablation.ts";
import { batchSize } from "./batch-size.ts";
import { curve } from "./curve.ts";
import { inTurn } from "./in-turn.ts";
import { inputs } from "./inputs.ts";
import { kinds } from "./kinds.ts";
import { reduction } from "./reduction.ts";
import { targets } from "./targets.ts";

/** `ablation` starts its patched copies with `measure`. */
const OPTIONS = { test: false, measure: false };

const experiments: Record<string, (options: typeof OPTIONS) => void> = {
  targets,
  "batch-size": batchSize,
  "in-turn": inTurn,
  inputs,
  reduction,
  kinds,
  ablation,
  curve,
};

const [name = "", ...args] = process.argv.slice(2);
const run = experiments[name];
if (run === undefined) {
  console.error(`Which one? ${Object.keys(experiments).join(", ")}`);
  process.exitCode = 1;
} else run(readOptions(OPTIONS, args));
