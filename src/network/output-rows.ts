import type { NetworkModel } from "./network-model.ts";
import { expandValue, NEURONS_PER_VALUE, packValue } from "./output-values.ts";
import { count as countOf } from "./state.ts";

/** One output's values for the samples of a run: sample q has `width` from `values[q * stride]` on. */
interface Columns {
  index: number;
  values: Float32Array | Uint8Array;
  width: number;
  stride?: number;
}

/**
 * What the output neurons should show for `count` samples, [count][output neuron], NaN where nobody has an opinion, and
 * which samples teach nothing because one of their values is NaN.
 */
export function expectations(
  { state, template, outputNeurons }: NetworkModel,
  columns: Columns[],
  count: number,
): { expected: Float32Array; muted: Uint8Array } {
  const neuronCount = countOf(state, "output");
  const expected = new Float32Array(count * neuronCount).fill(NaN);
  const muted = new Uint8Array(count);
  for (const { index, values, width, stride = width } of columns) {
    const neurons = outputNeurons[index]!;
    const { kind } = template.outputs[index]!;
    const perValue = NEURONS_PER_VALUE[kind];
    const shown = new Float32Array(perValue);
    for (let q = 0; q < count; q++) {
      for (let k = 0; k < width; k++) {
        const value = values[q * stride + k]!;
        if (kind === "plain" && value >= 0 && value <= 1) {
          // Nearly all there is; the general way costs as much as a tenth of a sample's training.
          expected[q * neuronCount + neurons[k]!] = value;
          continue;
        }
        if (Number.isNaN(value)) muted[q] = 1;
        expandValue(kind, value, shown, 0);
        for (let i = 0; i < perValue; i++) expected[q * neuronCount + neurons[k * perValue + i]!] = shown[i]!;
      }
    }
  }
  return { expected, muted };
}

/** The external values, [count][width], of an output whose neurons show `outputs`, [count][output neuron]. */
export function externalValues(
  { state, template, outputNeurons }: NetworkModel,
  index: number,
  outputs: Float32Array,
  count: number,
): Float32Array<ArrayBuffer> {
  const neuronCount = countOf(state, "output");
  const neurons = outputNeurons[index]!;
  const { kind } = template.outputs[index]!;
  const perValue = NEURONS_PER_VALUE[kind];
  const width = neurons.length / perValue;
  const values = new Float32Array(count * width);
  const shown = new Float32Array(perValue);
  for (let q = 0; q < count; q++) {
    for (let k = 0; k < width; k++) {
      if (kind === "plain") {
        values[q * width + k] = outputs[q * neuronCount + neurons[k]!]!;
        continue;
      }
      for (let i = 0; i < perValue; i++) shown[i] = outputs[q * neuronCount + neurons[k * perValue + i]!]!;
      values[q * width + k] = packValue(kind, shown, 0);
    }
  }
  return values;
}
