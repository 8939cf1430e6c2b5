import { INPUT_MAX, NEURONS_PER_BLOCK } from "../../network/constants.ts";
import type { Scratch } from "./scratch.ts";
import type { NetworkModel } from "../../network/network-model.ts";

/**
 * Copies the samples' values of one input into `scratch.value`. Sample q has `width` values from `values[q * stride]`
 * on. Zero, negative values and NaN become 0 (inactive). Values above `INPUT_MAX` are clamped to it; positive values of
 * binary inputs become 1. Values beyond the width of the input are left out.
 */
export function unpack(
  model: NetworkModel,
  scratch: Scratch,
  input: number,
  values: Float32Array | Uint8Array,
  width: number,
  stride = width,
): void {
  const { hexagon, kind } = model.template.inputs[input]!;
  const { blocks } = model.hexagons[hexagon]!;
  const used = Math.min(width, model.state.arrays.inputWidth[input]!);
  for (let q = 0; q < scratch.samples; q++) {
    for (let k = 0; k < used; k++) {
      const value = values[q * stride + k]!;
      if (!(value > 0)) continue;
      const block = blocks[Math.floor(k / NEURONS_PER_BLOCK)]!;
      scratch.value[scratch.at(block, q) + (k % NEURONS_PER_BLOCK)] =
        kind === "binary" ? 1 : Math.min(value, INPUT_MAX);
    }
  }
}
