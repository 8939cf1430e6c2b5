import type { Hexagon, NetworkModel } from "../../network/network-model.ts";
import { NEURONS_PER_BLOCK, RUN, SECTIONS_PER_BLOCK } from "../../network/constants.ts";
import type { Scratch } from "./scratch.ts";
import { tileOfRun } from "../../network/section-kind.ts";
import { Activation } from "./ramps.ts";
import { SectionSource } from "./section-source.ts";

/**
 * Computes the values and slopes of a hexagon's neurons for all samples. A neuron's input is the sum of its bias and
 * its sections; its value is log2(1 + input). The loops run block, section, sample, so every sum has a fixed order.
 */
export function forward(model: NetworkModel, scratch: Scratch, hexagon: Hexagon): void {
  const { blockSections, places, bias } = model.state.arrays;
  for (const block of hexagon.blocks) {
    const biases = bias.subarray(block * NEURONS_PER_BLOCK, (block + 1) * NEURONS_PER_BLOCK);
    for (let q = 0; q < scratch.samples; q++) scratch.value.set(biases, scratch.at(block, q));
    for (let place = 0; place < blockSections[block]!; place++)
      addSection(model, scratch, places[block * SECTIONS_PER_BLOCK + place]!);
    if (model.hasMemory && hexagon.role === "hidden") spike(model, scratch, block);
    else compress(scratch, block);
  }
}

const activation = new Activation();

function addSection(model: NetworkModel, scratch: Scratch, section: number): void {
  const { arrays } = model.state;
  const { weight } = arrays;
  const { value } = scratch;
  const block = arrays.target[section]!;
  const seed = arrays.seed[section]!;
  const source = new SectionSource(model, scratch, section);
  const runsPerRamp = source.kind.rampSize / RUN;
  for (let q = 0; q < scratch.samples; q++) {
    const x = source.get(q);
    if (!(x > 0)) continue;
    const runs = activation.compute(arrays, section, source.kind, x) * runsPerRamp;
    for (let run = 0; run < runs; run++) {
      const a = activation.ramps[Math.floor(run / runsPerRamp)]!;
      const first = tileOfRun(seed, run) * RUN;
      const w = section * NEURONS_PER_BLOCK + first;
      const t = scratch.at(block, q) + first;
      for (let i = 0; i < RUN; i++) value[t + i]! += weight[w + i]! * a;
    }
  }
}

/** Turns the inputs of a block's neurons into values, y = log2(1 + max(0, input)), and slopes dy/dinput. */
function compress(scratch: Scratch, block: number): void {
  const { value, slope } = scratch;
  const end = scratch.at(block, scratch.samples);
  for (let i = scratch.at(block, 0); i < end; i++) {
    const input = value[i]!;
    value[i] = input > 0 ? Math.log2(1 + input) : 0;
    slope[i] = input > 0 ? Math.LOG2E / (1 + input) : 0;
  }
}

/**
 * Does the same for neurons with a memory, samples in order. Each cycle divides the remaining potential by the
 * cooldown. Every `refractoryTime`-th cycle adds the input; the others discard it. The memory holds the raw potential;
 * only the value that other neurons see is compressed.
 */
function spike(model: NetworkModel, scratch: Scratch, block: number): void {
  const { potential, refractory } = model.state.arrays;
  const { neuronCooldown, refractoryTime } = model.template.settings;
  const { value, slope } = scratch;
  for (let q = 0; q < scratch.samples; q++) {
    for (let n = 0; n < NEURONS_PER_BLOCK; n++) {
      const id = block * NEURONS_PER_BLOCK + n;
      const i = scratch.at(block, q) + n;
      const rested = Math.max(0, refractory[id]! - 1);
      const accepts = rested === 0;
      const raw = Math.max(0, potential[id]! / neuronCooldown + (accepts ? value[i]! : 0));
      potential[id] = raw;
      refractory[id] = accepts ? refractoryTime : rested;
      value[i] = Math.log2(1 + raw);
      slope[i] = accepts && raw > 0 ? Math.LOG2E / (1 + raw) : 0;
    }
  }
}
