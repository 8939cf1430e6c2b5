import type { OutputKind } from "./template/parse-template.ts";

/** Output neurons per external value. */
export const NEURONS_PER_VALUE: Record<OutputKind, number> = {
  plain: 1,
  bool: 1,
  int: 64,
  float: 32,
  class: 1,
  number: 1,
};

/** Whether an external value of this kind is the value of its output neuron, 0 to 1. */
export const isNeuronValue = (kind: OutputKind) => kind === "plain" || kind === "class" || kind === "number";

const WORD = 2 ** 32;

const scratch = new DataView(new ArrayBuffer(4));

/**
 * Writes the expected values of the output neurons of one external value, most significant bit first. Plain values are
 * clamped to 0..1, because no output can leave that range, and integers to 0..2^64-1. NaN gives NaN.
 */
export function expandValue(kind: OutputKind, value: number, expected: Float32Array, at: number): void {
  if (Number.isNaN(value)) {
    expected.fill(NaN, at, at + NEURONS_PER_VALUE[kind]);
    return;
  }
  switch (kind) {
    case "plain":
    case "class":
    case "number":
      expected[at] = Math.min(1, Math.max(0, value));
      break;
    case "bool":
      expected[at] = value >= 0.5 ? 1 : 0;
      break;
    case "int":
      expandWord(highWord(value), expected, at);
      expandWord(lowWord(value), expected, at + 32);
      break;
    case "float":
      expandWord(floatBits(value), expected, at);
      break;
  }
}

/** Writes one number per bit of a 32-bit word. Arithmetic with bigint would take a microsecond per value. */
function expandWord(word: number, expected: Float32Array, at: number): void {
  for (let i = 0; i < 32; i++) expected[at + i] = (word >>> (31 - i)) & 1;
}

function packWord(outputs: Float32Array, at: number): number {
  let word = 0;
  for (let i = 0; i < 32; i++) word = (word << 1) | (outputs[at + i]! >= 0.5 ? 1 : 0);
  return word >>> 0;
}

/** The external value of the output neurons from `at` on. */
export function packValue(kind: OutputKind, outputs: Float32Array, at: number): number {
  switch (kind) {
    case "plain":
    case "class":
    case "number":
      return outputs[at]!;
    case "bool":
      return outputs[at]! >= 0.5 ? 1 : 0;
    case "int":
      return packWord(outputs, at) * WORD + packWord(outputs, at + 32);
    case "float":
      scratch.setUint32(0, packWord(outputs, at));
      return scratch.getFloat32(0);
  }
}

/** The upper half of a 64-bit integer; all ones for larger values. */
function highWord(value: number): number {
  return value > 0 ? Math.min(WORD - 1, Math.floor(value / WORD)) : 0;
}

function lowWord(value: number): number {
  if (value >= WORD * WORD) return WORD - 1;
  return value > 0 ? Math.trunc(value) % WORD : 0;
}

function floatBits(value: number): number {
  scratch.setFloat32(0, value);
  return scratch.getUint32(0);
}
