import {
  hexagonOf,
  widenInput,
  type Hexagon,
  createModel,
  type NetworkModel,
} from "../../src/network/network-model.ts";
import { NEURONS_PER_BLOCK } from "../../src/network/constants.ts";
import { widenOutput } from "../../src/network/readout.ts";
import { Scratch } from "../../src/kernels/reference/scratch.ts";
import { allocate } from "../../src/kernels/reference/allocate.ts";
import { unpack } from "../../src/kernels/reference/unpack.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";

/** A network of three hexagons in a row, input kind and settings as given. */
export function smallModel({ kind = "", settings = "", inputs = 1, outputs = 1 } = {}): NetworkModel {
  const template = parseTemplate(`version: 1 settings: ${settings} hexagons: 1,1,1 2,1,1 3,1,1
    inputs: in: 1,1,1 ${kind} outputs: out: 3,1,1`);
  const model = createModel(template, 1);
  widenInput(model, 0, inputs);
  widenOutput(model, 0, outputs);
  return model;
}

/** A scratch in which the input shows `values`, [sample][width]. */
export function scratchWith(model: NetworkModel, samples: number, values: number[]): Scratch {
  const scratch = new Scratch();
  scratch.begin(model, samples);
  unpack(model, scratch, 0, Float32Array.from(values), samples === 0 ? 0 : values.length / samples);
  return scratch;
}

export const [INPUT, HIDDEN, OUTPUT] = [0, 1, 2] as const;

export function hexagon(model: NetworkModel, index: number): Hexagon {
  return model.hexagons[index]!;
}

/** Gives input value 0 its sections; returns the first of them. */
export function sectionOfInput(model: NetworkModel): number {
  allocate(model, scratchWith(model, 1, [1]), hexagon(model, INPUT));
  return 0;
}

/** Sets ramps, their ends and equal weights of a section. */
export function setSection(model: NetworkModel, section: number, ends: number[], weight: number): void {
  const { arrays } = model.state;
  arrays.ramps[section] = ends.length;
  arrays.ends.set(ends, section * 4);
  arrays.weight.fill(weight, section * 128, section * 128 + 128);
}

/** The values of a block's neurons in a sample. */
export function valuesOf(scratch: Scratch, block: number, sample = 0): number[] {
  const at = scratch.at(block, sample);
  return [...scratch.value.subarray(at, at + NEURONS_PER_BLOCK)];
}

export const hexagonIndexOf = (model: NetworkModel, block: number) => hexagonOf(model, block).index;
