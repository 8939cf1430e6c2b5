/** Measures how well networks learn: `npm run bench -- learning NAME`, for the tables of docs/learning.md. */
import { ablation } from "./ablation.ts";
import { batchSize } from "./batch-size.ts";
import { curve } from "./curve.ts";
import { inTurn } from "./in-turn.ts";
import { inputs } from "./inputs.ts";
import { kinds } from "./kinds.ts";
import { reduction } from "./reduction.ts";
import { targets } from "./targets.ts";

const experiments: Record<string, () => void> = {
  targets,
  "batch-size": batchSize,
  "in-turn": inTurn,
  inputs,
  reduction,
  kinds,
  ablation,
  curve,
};

const run = experiments[process.argv[2] ?? ""];
if (run === undefined) {
  console.error(`Which one? ${Object.keys(experiments).join(", ")}`);
  process.exitCode = 1;
} else run();
