import { NEURONS_PER_BLOCK, SKIP_ERROR } from "../../network/constants.ts";
import type { Scratch } from "./scratch.ts";
import type { NetworkModel } from "../../network/network-model.ts";
import { count } from "../../network/state.ts";

/**
 * Computes the values of output neurons: sigmoid(bias + readout weights * values of their hexagon), or 0 if the hexagon
 * has no blocks yet.
 */
export function output(model: NetworkModel, scratch: Scratch): void {
  const { arrays } = model.state;
  const { tileBlock, tileOutput, tileOutputCount, tileRow, readout, outputBias, outputOwner } = arrays;
  const { value, output, outputStride } = scratch;
  for (let q = 0; q < scratch.samples; q++) output.set(outputBias.subarray(0, outputStride), q * outputStride);
  for (let tile = 0; tile < count(model.state, "tile"); tile++) {
    for (let q = 0; q < scratch.samples; q++) {
      const y = scratch.at(tileBlock[tile]!, q);
      for (let k = 0; k < tileOutputCount[tile]!; k++) {
        const v = (tileRow[tile]! + k) * NEURONS_PER_BLOCK;
        let sum = 0;
        for (let n = 0; n < NEURONS_PER_BLOCK; n++) sum += readout[v + n]! * value[y + n]!;
        output[q * outputStride + tileOutput[tile]! + k]! += sum;
      }
    }
  }
  for (let k = 0; k < outputStride; k++) {
    const isEmpty = model.hexagons[model.template.outputs[outputOwner[k]!]!.hexagon]!.blocks.length === 0;
    for (let q = 0; q < scratch.samples; q++) {
      const i = q * outputStride + k;
      output[i] = isEmpty ? 0 : 1 / (1 + Math.exp(-output[i]!));
    }
  }
}

/**
 * Computes the errors of all samples, and skips samples whose expected values are all exactly 0 or 1 and nearly
 * reached. Samples that are already skipped stay skipped.
 */
export function error({ state, hexagons, template }: NetworkModel, scratch: Scratch): void {
  const { output, expected, error, skipped, outputStride } = scratch;
  const canLearn = template.outputs.map(({ hexagon }) => hexagons[hexagon]!.blocks.length > 0);
  scratch.learning = 0;
  for (let q = 0; q < scratch.samples; q++) {
    let isReached = true;
    for (let k = 0; k < outputStride; k++) {
      const i = q * outputStride + k;
      const target = expected[i]!;
      const hasTarget = !Number.isNaN(target) && canLearn[state.arrays.outputOwner[k]!]!;
      error[i] = hasTarget ? output[i]! - target : 0;
      const isHard = target === 0 || target === 1;
      if (hasTarget && !(isHard && Math.abs(error[i]!) < SKIP_ERROR)) isReached = false;
    }
    if (isReached) skipped[q] = 1;
    if (skipped[q] === 0) scratch.learning += 1;
  }
}
