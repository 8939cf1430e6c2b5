import type { Cluster } from "./cluster.ts";
import { count as countOf } from "./state.ts";
import type { OutputKind } from "./template/parse-template.ts";

/** Output neurons that make up one external value. */
export const NEURONS_PER_VALUE: Record<OutputKind, number> = { plain: 1, bool: 1, int: 64, float: 32 };

const UINT64_MAX = 2n ** 64n - 1n;
/** One output's values for the samples of a run: sample q has `width` from `values[q * stride]` on. */
interface Columns {
  index: number;
  values: Float32Array | Uint8Array;
  width: number;
  stride?: number;
}

const scratch = new DataView(new ArrayBuffer(4));

/**
 * What the output neurons of one external value should show, most significant bit first.
 * Plain values are held in 0..1, because no output can leave that range; integers in 0..2^64-1. NaN gives NaN.
 */
export function expandValue(kind: OutputKind, value: number, expected: Float32Array, at: number): void {
  const neurons = NEURONS_PER_VALUE[kind];
  if (Number.isNaN(value)) expected.fill(NaN, at, at + neurons);
  else if (kind === "plain") expected[at] = Math.min(1, Math.max(0, value));
  else if (kind === "bool") expected[at] = value >= 0.5 ? 1 : 0;
  else {
    const bits = kind === "int" ? toUint64(value) : floatBits(value);
    for (let i = 0; i < neurons; i++) expected[at + i] = Number((bits >> BigInt(neurons - 1 - i)) & 1n);
  }
}

/** The external value that the output neurons from `at` on show. */
export function packValue(kind: OutputKind, outputs: Float32Array, at: number): number {
  const neurons = NEURONS_PER_VALUE[kind];
  if (kind === "plain") return outputs[at]!;
  let bits = 0n;
  for (let i = 0; i < neurons; i++) bits = (bits << 1n) | (outputs[at + i]! >= 0.5 ? 1n : 0n);
  if (kind !== "float") return Number(bits);
  scratch.setUint32(0, Number(bits));
  return scratch.getFloat32(0);
}

function toUint64(value: number): bigint {
  if (value >= 2 ** 64) return UINT64_MAX;
  return value > 0 ? BigInt(Math.trunc(value)) : 0n;
}

function floatBits(value: number): bigint {
  scratch.setFloat32(0, value);
  return BigInt(scratch.getUint32(0));
}

/**
 * What the output neurons should show for `count` samples, [count][output neuron], NaN where nobody has an opinion, and
 * which samples teach nothing because one of their values is NaN.
 */
export function expectations(
  { state, template, outputNeurons }: Cluster,
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
  { state, template, outputNeurons }: Cluster,
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
