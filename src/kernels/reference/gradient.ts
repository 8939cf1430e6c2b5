import type { Hexagon, NetworkModel } from "../../network/network-model.ts";
import { NEURONS_PER_BLOCK, RUN, SECTIONS_PER_BLOCK, SYNAPSES_PER_SECTION } from "../../network/constants.ts";
import type { Scratch } from "./scratch.ts";
import { tileOfRun } from "../../network/section-kind.ts";
import { count } from "../../network/state.ts";
import { Activation } from "./ramps.ts";
import { SectionSource } from "./section-source.ts";

const activation = new Activation();

/**
 * Sums delta * activation per synapse of the hexagon's sections, and the activation per ramp, over the samples that are
 * not skipped. Leaves out sections that no such sample touches.
 */
export function gradient(model: NetworkModel, scratch: Scratch, hexagon: Hexagon): void {
  const { arrays } = model.state;
  const { blockSections, places, seed } = arrays;
  const { delta, skipped, touched, gradient, activationSum } = scratch;
  for (const block of hexagon.blocks) {
    for (let place = 0; place < blockSections[block]!; place++) {
      const section = places[block * SECTIONS_PER_BLOCK + place]!;
      const source = new SectionSource(model, scratch, section);
      const runsPerRamp = source.kind.rampSize / RUN;
      for (let q = 0; q < scratch.samples; q++) {
        if (skipped[q] !== 0) continue;
        const x = source.get(q);
        if (!(x > 0)) continue;
        const ramps = activation.compute(arrays, section, source.kind, x);
        if (ramps === 0) continue;
        if (touched[section] === 0) {
          touched[section] = 1;
          gradient.fill(0, section * SYNAPSES_PER_SECTION, (section + 1) * SYNAPSES_PER_SECTION);
          activationSum.fill(0, section * 4, section * 4 + 4);
        }
        for (let r = 0; r < ramps; r++) activationSum[section * 4 + r]! += activation.ramps[r]!;
        for (let run = 0; run < ramps * runsPerRamp; run++) {
          const a = activation.ramps[Math.floor(run / runsPerRamp)]!;
          const first = tileOfRun(seed[section]!, run) * RUN;
          const g = section * NEURONS_PER_BLOCK + first;
          const t = scratch.at(block, q) + first;
          for (let i = 0; i < RUN; i++) gradient[g + i]! += delta[t + i]! * a;
        }
      }
    }
  }
}

/** Sums error * value per readout weight, and the error per output neuron, over the samples that are not skipped. */
export function readoutGradient(model: NetworkModel, scratch: Scratch): void {
  const { tileBlock, tileOutput, tileOutputCount, tileRow } = model.state.arrays;
  const { value, error, skipped, readoutGradient, errorSum, outputStride } = scratch;
  errorSum.fill(0, 0, outputStride);
  readoutGradient.fill(0, 0, count(model.state, "row") * NEURONS_PER_BLOCK);
  for (let q = 0; q < scratch.samples; q++) {
    if (skipped[q] !== 0) continue;
    for (let k = 0; k < outputStride; k++) errorSum[k]! += error[q * outputStride + k]!;
  }
  for (let tile = 0; tile < count(model.state, "tile"); tile++) {
    for (let q = 0; q < scratch.samples; q++) {
      if (skipped[q] !== 0) continue;
      const y = scratch.at(tileBlock[tile]!, q);
      for (let k = 0; k < tileOutputCount[tile]!; k++) {
        const u = error[q * outputStride + tileOutput[tile]! + k]!;
        const g = (tileRow[tile]! + k) * NEURONS_PER_BLOCK;
        for (let n = 0; n < NEURONS_PER_BLOCK; n++) readoutGradient[g + n]! += u * value[y + n]!;
      }
    }
  }
}
