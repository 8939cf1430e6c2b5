import type { NetworkModel } from "../../network/network-model.ts";
import { TALLIES, type RunScores } from "../../network/run-scores.ts";
import { NONE } from "../../network/constants.ts";
import { scoredOutputs } from "../../network/scored-outputs.ts";
import type { ScratchArrays } from "./scratch-arrays.ts";
import * as slots from "./slots.ts";

/** Writes the records of `assembly/score.ts` for the outputs of a network, and clears their sums. */
export function writeScored(model: NetworkModel, scratch: ScratchArrays, table: Uint32Array): void {
  const outputs = scoredOutputs(model);
  const words = slots.SCORED_BYTES / 4;
  const neurons = outputs.reduce((sum, { positions, width }) => sum + positions.length * width, 0);
  const bytes = scratch.ensure(slots.AT_SCORED, 4 * (outputs.length * words + neurons));
  const records = new Uint32Array(bytes.buffer, bytes.byteOffset, outputs.length * words + neurons);
  const floats = new Float32Array(bytes.buffer, bytes.byteOffset, records.length);
  let free = outputs.length * words;
  outputs.forEach(({ kind, positions, width, wanted, other, least }, index) => {
    const set = (offset: number, value: number) => (records[index * words + offset / 4] = value);
    set(slots.SCORED_KIND, kind);
    set(slots.SCORED_POSITIONS, positions.length);
    set(slots.SCORED_WIDTH, width);
    set(slots.SCORED_NEURONS, bytes.byteOffset + 4 * free);
    set(slots.SCORED_IS_ROW, positions.every((each) => each.length === width && isRow(each)) ? 1 : 0);
    floats.set([wanted, other, least], index * words + slots.SCORED_WANTED / 4);
    records.fill(NONE, free, free + positions.length * width);
    for (const each of positions) {
      records.set(each, free);
      free += width;
    }
  });
  table[slots.SCORED_COUNT] = outputs.length;
  const items = itemsOf(table[slots.COUNT]!);
  scratch.ensure(slots.AT_SCORES, items * outputs.length * slots.SCORES_BYTES).fill(0);
}

const isRow = (neurons: readonly number[]) => neurons.every((neuron, k) => neuron === neurons[0]! + k);

/** Adds the sums of the last call. */
export function readScores(scores: RunScores, scratch: ScratchArrays, table: Uint32Array): void {
  const { outputs } = scores;
  const items = itemsOf(table[slots.COUNT]!);
  const bytes = scratch.ensure(slots.AT_SCORES, items * outputs.length * slots.SCORES_BYTES);
  const words = slots.SCORES_BYTES / 8;
  const sums = new Float64Array(bytes.buffer, bytes.byteOffset, items * outputs.length * words);
  scores.samples += table[slots.COUNT]!;
  scores.skipped += table[slots.COUNT]! - table[slots.LEARNT]!;
  for (let item = 0; item < items; item++) {
    for (const [index, output] of outputs.entries()) {
      const at = (item * outputs.length + index) * words;
      for (const [k, key] of TALLIES.entries()) output[key] += sums[at + k]!;
    }
  }
}

const itemsOf = (rows: number) => Math.ceil(rows / slots.SCORE_ROWS);
