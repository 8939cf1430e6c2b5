/**
 * Measures the contribution of each part of the rule by running without it. The parts have no switches, so a copy of
 * the compiled program is patched; it computes with the reference kernels, in a separate process.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ReferenceEngine } from "../../src/kernels/reference/reference-engine.ts";
import { defaultBatchSize } from "../../src/network/batch-size.ts";
import { paths } from "../../src/files/paths.ts";
import { printHead, printRow } from "../harness/table.ts";
import { trials } from "./runs.ts";
import { validationSplit } from "./tables.ts";

const ROWS = 10_000;
const SEEDS = 2;

/** A text of a compiled file, and its replacement. */
type Change = [file: string, from: string, to: string];

const CONSTANTS = "network/constants.js";
const UPDATE = "kernels/reference/update.js";
const FORWARD = "kernels/reference/forward.js";
const KIND = "network/section-kind.js";

const noCompensation: Change = [
  UPDATE,
  "bounded(bias[neurons + n] - (weight[first + n] - before) * mean)",
  "bias[neurons + n]",
];

export const VARIANTS: [name: string, changes: Change[]][] = [
  ["nothing", []],
  ["centring and compensation", [[UPDATE, " - deltaSum[neurons + n] * mean", ""], noCompensation]],
  ["compensation of biases", [noCompensation]],
  ["momentum", [[CONSTANTS, "MOMENT_KEEP = 0.8", "MOMENT_KEEP = 0"]]],
  ["weight decay", [[CONSTANTS, "WEIGHT_DECAY = 0.2", "WEIGHT_DECAY = 0"]]],
  ["skipping of samples", [[CONSTANTS, "SKIP_ERROR = 0.05", "SKIP_ERROR = 0"]]],
  [
    "the root of the samples that teach",
    [["kernels/reference/step.js", "Math.sqrt(scratch.learning)", "Math.sqrt(scratch.samples)"]],
  ],
  ["the falling rate", [["network/rate.js", "1 - (schedule.firstCycle + cycle) / schedule.horizon", "1"]]],
  ["the slower readout", [[CONSTANTS, "READOUT_RATE_SHARE = 0.5", "READOUT_RATE_SHARE = 1"]]],
  [
    "the logarithm (plain rectifiers)",
    [
      [FORWARD, "input > 0 ? Math.log2(1 + input) : 0", "Math.max(0, input)"],
      [FORWARD, "input > 0 ? Math.LOG2E / (1 + input) : 0", "input > 0 ? 1 : 0"],
    ],
  ],
  ["ramps of neurons that end at 1 or more", [[CONSTANTS, "NEURON_RAMP_END_MIN = 1", "NEURON_RAMP_END_MIN = 0"]]],
  ["the open last ramp", [[CONSTANTS, "OPEN_MAX = 2", "OPEN_MAX = 1"]]],
  ["mixed tiles", [[KIND, "((((sectionSeed & 1) << 1) | 1) * run + (sectionSeed >>> 8)) & 3", "run & 3"]]],
  [
    "fine coding of few inputs",
    [
      [CONSTANTS, "TOLERANCE_START = 0.49", "TOLERANCE_START = 0"],
      [CONSTANTS, "FINE_SECTIONS = 128", "FINE_SECTIONS = 0"],
    ],
  ],
  ["half of the hidden neurons", [[CONSTANTS, "START_BLOCKS_HIDDEN = 4", "START_BLOCKS_HIDDEN = 2"]]],
];

/** The text of a compiled module with the change. Throws when the module does not contain the text to replace. */
export function changedText(text: string, [name, from, to]: Change): string {
  if (!text.includes(from)) throw new Error(`${name} does not contain '${from}': adapt the ablation`);
  return text.replace(from, to);
}

/** `measure` prints how well this program learns, which is what the changed copies are started with. */
export function ablation({ measure }: { measure: boolean }): void {
  if (measure) {
    measureThis();
    return;
  }
  printHead("without", `percent, steps of ${defaultBatchSize(ROWS)}`);
  for (const [name, changes] of VARIANTS) printRow(name, measureChanged(changes));
}

function measureThis(): void {
  const engine = new ReferenceEngine();
  const { mean, each } = trials(SEEDS, validationSplit(ROWS), defaultBatchSize(ROWS), { engine });
  console.log(`${mean.toFixed(2)} (${each.map(({ score }) => score.toFixed(2)).join(", ")})`);
}

function measureChanged(changes: Change[]): string {
  const copy = join(paths.root, "build", `ablation-${process.pid}`);
  try {
    mkdirSync(join(copy, "build"), { recursive: true });
    for (const part of ["package.json", "build/kernels.wasm", "dist/src", "dist/bench"])
      cpSync(join(paths.root, part), join(copy, part), { recursive: true });
    for (const change of changes) {
      const file = join(copy, "dist/src", change[0]);
      writeFileSync(file, changedText(readFileSync(file, "utf8"), change));
    }
    const main = join(copy, "dist/bench/learning/main.js");
    const { status, stdout } = spawnSync(process.execPath, [main, "ablation", "--measure"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (status !== 0) throw new Error(`the changed program ended with ${status}`);
    return stdout.trim();
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
