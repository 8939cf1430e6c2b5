import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as constants from "../../network/constants.ts";
import { DRAW } from "../../network/random.ts";
import { paths } from "../../files/paths.ts";
import { RAMP_HIGH, RAMP_LOW } from "../../encoders/target-shares.ts";
import {
  BACK,
  EXCLUDED,
  FROM_INPUT,
  IS_EXCLUDED,
  IS_REACHED,
  LEARNS,
  LEARNS_FROM,
  MATCH,
  MODES,
  NO_OPINION,
  ROLES,
  SCORE_LOSS_MAX,
  SCORE_UNITS,
  SCORE_WORDS,
  SCORED_WORDS,
} from "./codes.ts";

/** One `var<storage>` or `var<uniform>` of a kernel. */
export interface Binding {
  binding: number;
  name: string;
}

export interface ShaderSource {
  code: string;
  bindings: Binding[];
}

/**
 * Loads `shaders/<name>.wgsl` with the modules of `shaders/lib` that its line `// uses: …` names, and the bindings of
 * both. Only the shaders define which buffer belongs to which binding.
 */
export function loadShader(name: string): ShaderSource {
  const kernel = readFileSync(join(paths.shaders, `${name}.wgsl`), "utf8");
  const uses = /^\/\/ uses: (.+)$/m.exec(kernel)?.[1]?.split(", ") ?? [];
  const modules = uses.map((module) => readFileSync(join(paths.shaders, "lib", `${module}.wgsl`), "utf8"));
  const code = [...modules, kernel].join("\n");
  const declaration = /@group\(0\) @binding\((\d+)\) var<[^>]+> (\w+):/g;
  const bindings = [...code.matchAll(declaration)].map(([, binding, variable]) => ({
    binding: Number(binding),
    name: variable as string,
  }));
  return { code: `${declarations()}\n${code}`, bindings };
}

/** The constants of `network/constants.ts` that are `u32` in the shaders; all others are floats there. */
const INTEGERS = new Set<string>([
  "NEURONS_PER_BLOCK",
  "SECTIONS_PER_BLOCK",
  "SYNAPSES_PER_SECTION",
  "RUN",
  "NONE",
  "INPUT_RAMP_SIZE",
  "NEURON_RAMP_SIZE",
  "FEW_SECTIONS",
  "FINE_SECTIONS",
  "FREE_PLACES_MIN",
  "START_BLOCKS_HIDDEN",
  "START_BLOCKS_OUTPUT",
  "RECOVERY_VISITS",
  "RECOVERIES_MAX",
  "PCG_MULTIPLIER",
  "PCG_INCREMENT",
  "PCG_WORD_MULTIPLIER",
  "SYNAPSE_MULTIPLIER",
  "SCORED_VALUES",
  "SCORED_CLASS",
  "SCORED_NUMBER",
  "SCORED_BOOL",
] satisfies (keyof typeof constants)[]);

/** Declares the constants of `network/constants.ts`, so that shaders and reference kernels agree, and some others. */
function declarations(): string {
  const integers: Record<string, number> = {
    FROM_INPUT,
    MATCH,
    BACK,
    LEARNS,
    ROLE_INPUT: ROLES.input,
    ROLE_HIDDEN: ROLES.hidden,
    ROLE_OUTPUT: ROLES.output,
    MODE_BATCH: MODES.batch,
    MODE_ONLINE: MODES.online,
    MODE_REQUEST: MODES.request,
    DRAW_SECTION_TARGET: DRAW.sectionTarget,
    DRAW_SECTION_BLOCK: DRAW.sectionBlock,
    DRAW_SECTION_SEED: DRAW.sectionSeed,
    DRAW_READOUT: DRAW.readout,
    LEARNS_FROM,
    IS_REACHED,
    IS_EXCLUDED,
    SCORED_WORDS,
    SCORE_WORDS,
  };
  const scoring = { RAMP_LOW, RAMP_HIGH, SCORE_UNITS, SCORE_LOSS_MAX };
  const floats: Record<string, number> = { LOG2E: Math.LOG2E, NO_OPINION, EXCLUDED, ...scoring };
  for (const [name, value] of Object.entries(constants)) {
    if (INTEGERS.has(name)) integers[name] = value;
    else floats[name] = value;
  }
  const lines = [
    ...Object.entries(integers).map(([name, value]) => `const ${name} = ${value}u;`),
    // Untyped, so that WGSL evaluates constant expressions in double precision.
    ...Object.entries(floats).map(([name, value]) => `const ${name} = ${floatLiteral(value)};`),
  ];
  return lines.join("\n");
}

function floatLiteral(value: number): string {
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}
