import type { NetworkModel } from "./network-model.ts";
import { expandValue, NEURONS_PER_VALUE, packValue } from "./output-values.ts";
import type { Rows } from "./run.ts";
import { count } from "./state.ts";

/** What stands in place of an expected value. */
export interface Marks {
  /** Whatever the output neuron shows is right. */
  noOpinion: number;
  /** The value is NaN, and its cycle must not teach. */
  excluded: number;
}

/**
 * What the output neurons should show in `cycles` cycles, [cycle][output neuron], and which cycles teach nothing because
 * one of their values is NaN.
 */
export function expandRows(
  { state, template, outputNeurons }: NetworkModel,
  expected: Rows[],
  cycles: number,
  { noOpinion, excluded }: Marks = { noOpinion: NaN, excluded: NaN },
): { expected: Float32Array; muted: Uint8Array } {
  const stride = count(state, "output");
  const expanded = new Float32Array(cycles * stride).fill(noOpinion);
  const muted = new Uint8Array(cycles);
  for (const { index, values, width } of expected) {
    const neurons = outputNeurons[index]!;
    const { kind } = template.outputs[index]!;
    const perValue = NEURONS_PER_VALUE[kind];
    const shown = new Float32Array(perValue);
    for (let cycle = 0; cycle < cycles; cycle++) {
      for (let k = 0; k < width; k++) {
        const value = values[cycle * width + k]!;
        if (kind === "plain" && value >= 0 && value <= 1) {
          // Nearly all there is; the general way costs as much as a tenth of a sample's training.
          expanded[cycle * stride + neurons[k]!] = value;
          continue;
        }
        if (Number.isNaN(value)) {
          muted[cycle] = 1;
          shown.fill(excluded);
        } else expandValue(kind, value, shown, 0);
        for (let i = 0; i < perValue; i++) expanded[cycle * stride + neurons[k * perValue + i]!] = shown[i]!;
      }
    }
  }
  return { expected: expanded, muted };
}

/** The external values, [cycle][width], of an output whose neurons show `shown`, [cycle][output neuron]. */
export function packRows(
  { state, template, outputNeurons }: NetworkModel,
  index: number,
  shown: Float32Array,
  cycles: number,
): Float32Array<ArrayBuffer> {
  const stride = count(state, "output");
  const neurons = outputNeurons[index]!;
  const { kind } = template.outputs[index]!;
  const perValue = NEURONS_PER_VALUE[kind];
  const width = neurons.length / perValue;
  const values = new Float32Array(cycles * width);
  const bits = new Float32Array(perValue);
  for (let cycle = 0; cycle < cycles; cycle++) {
    for (let k = 0; k < width; k++) {
      if (kind === "plain") {
        values[cycle * width + k] = shown[cycle * stride + neurons[k]!]!;
        continue;
      }
      for (let i = 0; i < perValue; i++) bits[i] = shown[cycle * stride + neurons[k * perValue + i]!]!;
      values[cycle * width + k] = packValue(kind, bits, 0);
    }
  }
  return values;
}
