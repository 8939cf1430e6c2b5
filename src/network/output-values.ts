import type { OutputKind } from "./template/parse-template.ts";

/** Output neurons that make up one external value. */
export const NEURONS_PER_VALUE: Record<OutputKind, number> = { plain: 1, bool: 1, int: 64, float: 32 };

const UINT64_MAX = 2n ** 64n - 1n;
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
