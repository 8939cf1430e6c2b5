import type { NetworkModel } from "../../network/network-model.ts";
import { count } from "../../network/state.ts";
import { expandValue, NEURONS_PER_VALUE, packValue } from "../../network/output-values.ts";
import { EXCLUDED, NO_OPINION } from "./codes.ts";

/** Rows of one input or output as they lie in the dataset, `[rows][width]`. */
export interface Rows {
  index: number;
  width: number;
  rows: Uint8Array | Float32Array;
}

/** `cycles` samples: cycle c reads rows c … c + timeLength − 1 of an input, and row c of what is expected. */
export interface RequestRun {
  cycles: number;
  timeLength: number;
  inputs: Rows[];
}

/** How a run learns. */
export interface TrainRule {
  batchSize: number;
  update: "batch" | "online";
  /** As in `TrainBatch`, for the step that begins with this cycle. */
  rateAt(cycle: number): number | "direct";
  /** Cycles of the task that the run is a part of; none in direct IO. */
  horizon?: number;
  learningRate?: number;
}

export interface TrainRun extends RequestRun, TrainRule {
  expected: Rows[];
}

/** A part of a run. */
export interface Part {
  first: number;
  cycles: number;
}

/** Data that is on the device at once; also far below every limit of a binding. */
const CHUNK_BYTES = 64 * 1024 * 1024;

/** Parts whose data fits on the device at once, in whole steps of `stepCycles`. */
export function* chunksOf(
  run: RequestRun,
  { first, cycles }: Part,
  { outputs, stepCycles }: { outputs: number; stepCycles: number },
): Generator<Part, void, undefined> {
  const rowBytes = Math.max(4, outputs * 4, ...run.inputs.map(({ rows, width }) => rows.BYTES_PER_ELEMENT * width));
  const chunk = Math.max(1, Math.floor(CHUNK_BYTES / (rowBytes * stepCycles))) * stepCycles;
  for (let done = 0; done < cycles; done += chunk)
    yield { first: first + done, cycles: Math.min(chunk, cycles - done) };
}

/** Throws RangeError for rows of something that is not there, and where rows are missing. */
export function checkRows(
  columns: Rows[],
  { cycles, timeLength }: { cycles: number; timeLength: number },
  known: number,
): void {
  for (const { index, rows, width } of columns) {
    if (!Number.isInteger(index) || index < 0 || index >= known)
      throw new RangeError(`there is no column group ${index}`);
    const needed = cycles === 0 ? 0 : (cycles + timeLength - 1) * width;
    if (rows.length < needed) throw new RangeError(`${rows.length} values where ${needed} are needed`);
  }
}

/** What the output neurons should show in each cycle of a part, [cycle][output neuron]. */
export function expandRows(
  { outputNeurons, template, state }: NetworkModel,
  columns: Rows[],
  { first, cycles }: Part,
): Float32Array {
  const stride = count(state, "output");
  const expected = new Float32Array(cycles * stride).fill(NO_OPINION);
  for (const { index, width, rows } of columns) {
    const neurons = outputNeurons[index]!;
    const { kind } = template.outputs[index]!;
    const perValue = NEURONS_PER_VALUE[kind];
    const bits = new Float32Array(perValue);
    for (let cycle = 0; cycle < cycles; cycle++) {
      for (let k = 0; k < width; k++) {
        const value = rows[(first + cycle) * width + k]!;
        if (kind === "plain" && value >= 0 && value <= 1) {
          expected[cycle * stride + neurons[k]!] = value;
          continue;
        }
        if (Number.isNaN(value)) bits.fill(EXCLUDED);
        else expandValue(kind, value, bits, 0);
        for (let i = 0; i < perValue; i++) expected[cycle * stride + neurons[k * perValue + i]!] = bits[i]!;
      }
    }
  }
  return expected;
}

/** Packs what the output neurons showed in a part, [cycle][output neuron], into the external values of one output. */
export function packRows(
  { outputNeurons, template, state }: NetworkModel,
  index: number,
  shown: Float32Array,
  result: Float32Array,
  { first, cycles }: Part,
): void {
  const stride = count(state, "output");
  const neurons = outputNeurons[index]!;
  const { kind } = template.outputs[index]!;
  const perValue = NEURONS_PER_VALUE[kind];
  const width = neurons.length / perValue;
  const bits = new Float32Array(neurons.length);
  for (let cycle = 0; cycle < cycles; cycle++) {
    neurons.forEach((neuron, i) => (bits[i] = shown[cycle * stride + neuron]!));
    for (let k = 0; k < width; k++) result[(first + cycle) * width + k] = packValue(kind, bits, k * perValue);
  }
}
