/**
 * Measures how well networks learn, for the tables of docs/learning.md: `npm run bench -- learning NAME`. Options: with
 * `--test`, `targets` and `everything` measure pictures on the test set. `everything` has all kinds of data in one
 * table, beside what `--save` kept of an older version; its options are `--json`, `--save`, `--only PART,PART` (tables,
 * pictures, offset, series, streams, continual) and `--full` for the sizes of a night.
 */
import { readOptions } from "../harness/options.ts";
import { REPORT_OPTIONS } from "../harness/report.ts";
import { ablation } from "./ablation.ts";
import { batchSize } from "./batch-size.ts";
import { curve } from "./curve.ts";
import { everything } from "./everything/everything.ts";
import { inTurn } from "./in-turn.ts";
import { inputs } from "./inputs.ts";
import { kinds } from "./kinds.ts";
import { reduction } from "./reduction.ts";
import { targets } from "./targets.ts";

/** `ablation` starts its patched copies with `measure`. */
const OPTIONS = { test: false, measure: false, full: false, only: "", ...REPORT_OPTIONS };

const experiments: Record<string, (options: typeof OPTIONS) => void> = {
  targets,
  "batch-size": batchSize,
  "in-turn": inTurn,
  inputs,
  reduction,
  kinds,
  ablation,
  curve,
  everything,
};

const [name = "", ...args] = process.argv.slice(2);
const run = experiments[name];
if (run === undefined) {
  console.error(`Which one? ${Object.keys(experiments).join(", ")}`);
  process.exitCode = 1;
} else run(readOptions(OPTIONS, args));
