/** Networks and data for tests of the GPU kernels. */
import { createModel, modelOf, widenInput, type NetworkModel } from "../../src/network/network-model.ts";
import { ARRAY_NAMES } from "../../src/network/layout.ts";
import { NEURONS_PER_VALUE, expandValue } from "../../src/network/output-values.ts";
import { widenOutput } from "../../src/network/readout.ts";
import { Scratch } from "../../src/kernels/reference/scratch.ts";
import { append, bytesOf, count, createState } from "../../src/network/state.ts";
import { trainStep, type StepRule } from "../../src/kernels/reference/step.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { unpack } from "../../src/kernels/reference/unpack.ts";

export interface Case {
  name: string;
  template: string;
  /** Columns of each input and external values of each output. */
  inputs: number[];
  outputs: number[];
  /**
   * The value of a column in a sample. Data with a higher seed comes later and may have values that did not occur
   * before.
   */
  readonly value: (random: () => number, column: number, seed: number) => number;
}

const settings = (text: string) => `version: 1\nsettings:\n    ${text}\n`;
const row = "hexagons:\n    1,1,1\n    2,1,1\n    3,1,1\n";
const pixel = (random: () => number) => (random() < 0.4 ? 0 : Math.floor(random() * 256));

export const CASES: Case[] = [
  {
    name: "three hexagons",
    template: `${settings("max_connection_distance: 1")}${row}inputs:\n    in: 1,1,1\noutputs:\n    out: 3,1,1\n`,
    inputs: [129],
    outputs: [3],
    // Faint at first, so that neurons need a second ramp later.
    value: (random, _, seed) => pixel(random) * (seed < 3 ? 0.02 : 1),
  },
  {
    name: "spiking, four hexagons, an axon, distance 3, float outputs",
    template: `${settings("neuron_cooldown: 2.5\n    refractory_time: 2\n    max_connection_distance: 3")}hexagons:
    1,1,1
    2,1,1
    3,1,1
    4,1,1
axons:
    1,1,1 -> 3,1,1
inputs:
    in: 1,1,1
outputs:
    out: 4,1,1 (float)
`,
    inputs: [40],
    outputs: [1],
    value: (random) => random() * 3,
  },
  {
    name: "two inputs, binary and match, distance 2, int and bool outputs",
    template: `${settings("max_connection_distance: 2")}hexagons:
    1,1,1
    1,2,1
    2,1,1
    3,1,1
    3,2,1
axons:
    1,2,1 -> 2,1,1
inputs:
    a: 1,1,1 (binary)
    b: 1,2,1 (match)
outputs:
    x: 3,1,1 (int)
    y: 3,2,1 (bool)
`,
    inputs: [30, 20],
    outputs: [1, 2],
    // Few values at first, so that later ones fit between them.
    value: (random, _, seed) => (seed < 4 ? [0, 3, 5][Math.floor(random() * 3)]! : Math.floor(random() * 7) - 1),
  },
  {
    name: "a connection that runs backwards, values that split",
    template: `${settings("max_connection_distance: 1")}hexagons:
    1,1,1
    2,1,1
    3,1,1
    4,1,1
axons:
    3,1,1 -> 2,1,1
inputs:
    in: 1,1,1
outputs:
    out: 4,1,1
`,
    inputs: [17],
    outputs: [1],
    value: (random, column) => 2 ** (random() * (column % 2 === 0 ? 20 : 4)) - 1,
  },
];

/** A sequence of numbers in 0..1, determined by a seed. */
export function sequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export interface Data {
  inputs: { index: number; width: number; rows: Float32Array }[];
  expected: { index: number; width: number; rows: Float32Array }[];
}

export function makeData({ inputs, outputs, value }: Case, samples: number, seed: number): Data {
  const random = sequence(seed);
  const fill = (width: number, make: (column: number) => number) =>
    Float32Array.from({ length: samples * width }, (_, i) => make(i % width));
  return {
    inputs: inputs.map((width, index) => ({
      index,
      width,
      rows: fill(width, (column) => value(random, column, seed)),
    })),
    expected: outputs.map((width, index) => ({ index, width, rows: fill(width, () => (random() < 0.5 ? 0 : 1)) })),
  };
}

export function emptyModel({ template, inputs, outputs }: Case, seed = 5): NetworkModel {
  const model = createModel(parseTemplate(template), seed);
  inputs.forEach((width, index) => widenInput(model, index, width));
  outputs.forEach((width, index) => widenOutput(model, index, width));
  return model;
}

/** A copy of a network at any point of a step. */
export function copyOf({ state, template }: NetworkModel): NetworkModel {
  const copy = createState();
  for (const per of ["input", "block", "section", "tile", "row", "output"] as const)
    append(copy, per, count(state, per));
  for (const name of ARRAY_NAMES) bytesOf(copy, name).set(bytesOf(state, name));
  return modelOf(template, copy);
}

/** Scratch at the beginning of a step: inputs and expected values are loaded, nothing is computed. */
export function beginStep(model: NetworkModel, data: Data, samples: number): Scratch {
  const scratch = new Scratch();
  scratch.begin(model, samples);
  for (const { index, rows, width } of data.inputs) unpack(model, scratch, index, rows, width);
  for (const { index, rows, width } of data.expected) {
    const { kind } = model.template.outputs[index]!;
    const bits = new Float32Array(NEURONS_PER_VALUE[kind]);
    for (let i = 0; i < samples * width; i++) {
      expandValue(kind, rows[i]!, bits, 0);
      const first = Math.floor(i / width) * scratch.outputStride;
      bits.forEach(
        (bit, k) => (scratch.expected[first + model.outputNeurons[index]![(i % width) * bits.length + k]!] = bit),
      );
    }
  }
  return scratch;
}

/**
 * A network trained by some steps of the reference. After the first step its weights are enlarged, so that neurons show
 * values for which later hexagons need a second ramp.
 */
export function trainedModel(each: Case, steps: number, rule: StepRule, samples = 32): NetworkModel {
  const model = emptyModel(each);
  for (let step = 0; step < steps; step++) {
    trainStep(model, beginStep(model, makeData(each, samples, step + 1), samples), rule);
    if (step === 0) model.state.arrays.weight.forEach((weight, i, all) => (all[i] = weight * 4));
  }
  return model;
}
