import { readFileSync } from "node:fs";
import { join } from "node:path";
import { NEURONS_PER_BLOCK, NONE, RUN, SECTIONS_PER_BLOCK, SYNAPSES_PER_SECTION } from "../../network/layout.ts";
import * as learning from "../../network/learning.ts";
import { DRAW } from "../../network/random.ts";
import { INPUT_SECTION, NEURON_SECTION } from "../../network/section-kind.ts";
import { paths } from "../../files/paths.ts";
import { EXCLUDED, NO_OPINION } from "./expected-values.ts";

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
 * The text of `shaders/<name>.wgsl` with the modules of `shaders/lib` that it names in its line `// uses: …`, and the
 * bindings of both: which buffer goes where is written in the shaders and nowhere else.
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
  return { code: `${constants()}\n${code}`, bindings };
}

/** The numbers of the learning rule and of the layout, so that shaders and reference cannot drift apart. */
function constants(): string {
  const integers: Record<string, number> = {
    NEURONS_PER_BLOCK,
    NONE,
    RUN,
    SECTIONS_PER_BLOCK,
    SYNAPSES_PER_SECTION,
    INPUT_RAMP_SIZE: INPUT_SECTION.rampSize,
    NEURON_RAMP_SIZE: NEURON_SECTION.rampSize,
    FEW_SECTIONS: learning.FEW_SECTIONS,
    FINE_SECTIONS: learning.FINE_SECTIONS,
    FREE_PLACES_MIN: learning.FREE_PLACES_MIN,
    START_BLOCKS_HIDDEN: learning.START_BLOCKS.hidden,
    START_BLOCKS_OUTPUT: learning.START_BLOCKS.output,
    RECOVERY_VISITS: learning.RECOVERY_VISITS,
    RECOVERIES_MAX: learning.RECOVERIES_MAX,
    DRAW_SECTION_TARGET: DRAW.sectionTarget,
    DRAW_SECTION_BLOCK: DRAW.sectionBlock,
    DRAW_SECTION_SEED: DRAW.sectionSeed,
    DRAW_READOUT: DRAW.readout,
  };
  // Untyped, so that WGSL computes expressions of constants alone in double precision.
  const floats: Record<string, number> = {
    LOG2E: Math.LOG2E,
    INPUT_MAX: learning.INPUT_MAX,
    VALUE_MAX: learning.VALUE_MAX,
    FLOAT_MAX: learning.FLOAT_MAX,
    TOLERANCE_START: learning.TOLERANCE_START,
    TOLERANCE_SHRINK: learning.TOLERANCE_SHRINK,
    APPEND_FROM: learning.APPEND_FROM,
    APPEND_FROM_FINE: learning.APPEND_FROM_FINE,
    RAMP_SHRINK: learning.RAMP_SHRINK,
    RECOVERY_SHARE: learning.RECOVERY_SHARE,
    OPEN_MAX: learning.OPEN_MAX,
    READOUT_START: learning.READOUT_START,
    SKIP_ERROR: learning.SKIP_ERROR,
    READOUT_RATE_SHARE: learning.READOUT_RATE_SHARE,
    MOMENT_KEEP: learning.MOMENT_KEEP,
    SQUARE_KEEP: learning.SQUARE_KEEP,
    ADAM_EPSILON: learning.ADAM_EPSILON,
    WEIGHT_DECAY: learning.WEIGHT_DECAY,
    INPUT_WEIGHT_RANGE: INPUT_SECTION.weightRange,
    NEURON_WEIGHT_RANGE: NEURON_SECTION.weightRange,
    INPUT_RAMP_END_MIN: INPUT_SECTION.rampEndMin,
    NEURON_RAMP_END_MIN: NEURON_SECTION.rampEndMin,
    NO_OPINION,
    EXCLUDED,
  };
  const lines = [
    ...Object.entries(integers).map(([name, value]) => `const ${name} = ${value}u;`),
    ...Object.entries(floats).map(([name, value]) => `const ${name} = ${floatLiteral(value)};`),
  ];
  return lines.join("\n");
}

function floatLiteral(value: number): string {
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}
