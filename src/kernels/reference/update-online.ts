/** The online rule, for small batches: plain gradient descent, for which a single sample is enough. */
import type { Hexagon, NetworkModel } from "../../network/network-model.ts";
import { NEURONS_PER_BLOCK, SECTIONS_PER_BLOCK, SYNAPSES_PER_SECTION } from "../../network/constants.ts";
import { bounded } from "../../network/learning.ts";
import type { Scratch } from "./scratch.ts";
import { count } from "../../network/state.ts";

/** Updates the touched sections and the biases of a hexagon by the summed gradient. */
export function updateOnline(model: NetworkModel, scratch: Scratch, hexagon: Hexagon, rate: number): void {
  const { blockSections, places, weight, bias } = model.state.arrays;
  for (const block of hexagon.blocks) {
    for (let place = 0; place < blockSections[block]!; place++) {
      const section = places[block * SECTIONS_PER_BLOCK + place]!;
      if (scratch.touched[section] === 0) continue;
      // Unused ramps have a gradient of 0.
      const first = section * SYNAPSES_PER_SECTION;
      for (let i = first; i < first + SYNAPSES_PER_SECTION; i++)
        weight[i] = bounded(weight[i]! - rate * scratch.gradient[i]!);
    }
    for (let id = block * NEURONS_PER_BLOCK; id < (block + 1) * NEURONS_PER_BLOCK; id++)
      bias[id] = bounded(bias[id]! - rate * scratch.deltaSum[id]!);
  }
}

/** Updates readout weights and output biases by the summed gradient. */
export function updateReadoutOnline(model: NetworkModel, scratch: Scratch, rate: number): void {
  const { readout, outputBias } = model.state.arrays;
  for (let i = 0; i < count(model.state, "row") * NEURONS_PER_BLOCK; i++)
    readout[i] = bounded(readout[i]! - rate * scratch.readoutGradient[i]!);
  for (let k = 0; k < scratch.outputStride; k++) outputBias[k] = bounded(outputBias[k]! - rate * scratch.errorSum[k]!);
}
