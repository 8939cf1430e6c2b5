import type { NetworkModel } from "./network-model.ts";
import { expandValue, isNeuronValue, NEURONS_PER_VALUE, packValue } from "./output-values.ts";
import type { Rows } from "./run.ts";
import { count } from "./state.ts";

/** Stand-ins for expected values. */
export interface Marks {
  /** The output neuron has no expected value. */
  noOpinion: number;
  /** The value is NaN, so nothing may be learned from its cycle. */
  excluded: number;
}

/**
 * Expands the rows of all outputs to expected values of output neurons, [cycle][output neuron]. `muted`, [cycle], is 1
 * where nothing is learned because one of the values is NaN.
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
    const isPlain = isNeuronValue(kind);
    for (let cycle = 0; cycle < cycles; cycle++) {
      for (let k = 0; k < width; k++) {
        const value = values[cycle * width + k]!;
        if (isPlain && value >= 0 && value <= 1) {
          // The common case: the general path costs as much as a tenth of the training of a sample.
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

/** Packs the values of output neurons, [cycle][output neuron], to the external values of one output, [cycle][width]. */
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
  const isPlain = isNeuronValue(kind);
  for (let cycle = 0; cycle < cycles; cycle++) {
    for (let k = 0; k < width; k++) {
      if (isPlain) {
        values[cycle * width + k] = shown[cycle * stride + neurons[k]!]!;
        continue;
      }
      for (let i = 0; i < perValue; i++) bits[i] = shown[cycle * stride + neurons[k * perValue + i]!]!;
      values[cycle * width + k] = packValue(kind, bits, 0);
    }
  }
  return values;
}
