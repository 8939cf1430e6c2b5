/** Small trained networks that cover everything a template can express. */
import { ReferenceEngine } from "../../../src/kernels/reference/reference-engine.ts";
import { Network } from "../../../src/network/network.ts";
import { writeCycle } from "../../../src/network/cycle.ts";
import { HEADER } from "../../../src/network/layout.ts";
import { count } from "../../../src/network/state.ts";
import { exportState, restoreState } from "../../../src/network/state-file.ts";
import { parseTemplate, type Template } from "../../../src/network/template/parse-template.ts";
import { createRandom, type Random } from "../../support/random.ts";

const head = (settings: string) => `version: 1\nsettings:\n${settings}\nhexagons:\n`;
const row = "1,1,1\n2,1,1\n3,1,1\n";

export const TEMPLATES: readonly string[] = [
  `${head("max_connection_distance: 1")}${row}inputs:\nin: 1,1,1\noutputs:\nout: 3,1,1\n`,
  `${head("neuron_cooldown: 2.5\nrefractory_time: 2\nmax_connection_distance: 3")}${row}4,1,1
axons:\n1,1,1 -> 3,1,1\ninputs:\nin: 1,1,1\noutputs:\nout: 4,1,1 (float)\n`,
  `${head("max_connection_distance: 2")}1,1,1\n1,2,1\n2,1,1\n3,1,1\n3,2,1
axons:\n1,2,1 -> 2,1,1\ninputs:\na: 1,1,1 (binary)\nb: 1,2,1 (match)\noutputs:\nx: 3,1,1 (int)\ny: 3,2,1 (bool)\n`,
  `${head("max_connection_distance: 1")}${row}4,1,1
axons:\n3,1,1 -> 2,1,1\ninputs:\nin: 1,1,1\noutputs:\nout: 4,1,1\n`,
  `${head("enable_reduction: true")}${row}inputs:\nin: 1,1,1 (match)\noutputs:\nout: 3,1,1 (bool)\n`,
  // The same row in reverse list order: all connections run backwards.
  `${head("neuron_cooldown: 3")}3,1,1\n2,1,1\n1,1,1\ninputs:\nin: 1,1,1\noutputs:\nout: 3,1,1\n`,
];

export interface Samples {
  count: number;
  inputs: { index: number; width: number; values: Float32Array }[];
  expected: { index: number; width: number; values: Float32Array }[];
}

/** Samples for the inputs and outputs of any template. */
export function samplesFor({ inputs, outputs }: Template, count: number, random: Random): Samples {
  const values = (width: number, value: () => number) => Float32Array.from({ length: count * width }, value);
  const active = () => (random.int(0, 3) === 0 ? 0 : random.int(0, 8) * random.pick([0.5, 1, 1, 100]));
  const inputWidth = random.pick([4, 4, 4, 130]);
  return {
    count,
    inputs: inputs.map((_, index) => ({ index, width: inputWidth, values: values(inputWidth, active) })),
    expected: outputs.map(({ kind }, index) => {
      const width = kind === "int" || kind === "float" ? 1 : 2;
      return { index, width, values: values(width, () => random.int(0, 1)) };
    }),
  };
}

/** The files of networks after a little training. */
export function trainedStates(): Uint8Array[] {
  return TEMPLATES.map((text, nth) => {
    const random = createRandom(nth + 1);
    const template = parseTemplate(text);
    const network = Network.create(template, nth + 1, new ReferenceEngine());
    for (let n = 0; n < 3; n++)
      network.train({ ...samplesFor(template, 16, random), step: 8, update: n === 2 ? "online" : "batch", rate: 1 });
    if (!template.settings.enableReduction) return network.export();
    // A few samples before its reduction.
    const model = restoreState(network.export());
    writeCycle(model.state.arrays.header, 4_990);
    model.state.arrays.header[HEADER.reducedSections] = count(model.state, "section") >> 1;
    return exportState(model);
  });
}
