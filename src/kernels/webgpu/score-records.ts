import { NONE } from "../../network/constants.ts";
import type { NetworkModel } from "../../network/network-model.ts";
import type { OutputTally, RunScores } from "../../network/run-scores.ts";
import { scoredOutputs } from "../../network/scored-outputs.ts";
import { SCORE_LOSS_MAX, SCORE_UNITS, SCORE_WORDS, SCORED_WORDS } from "./codes.ts";

/** The buffer `scored` of `shaders/score.wgsl`: a network's outputs by name, and the neurons of their positions. */
export function packScored(model: NetworkModel): Uint32Array {
  const outputs = scoredOutputs(model);
  const start = 1 + outputs.length * SCORED_WORDS;
  const neurons = outputs.reduce((sum, { positions, width }) => sum + positions.length * width, 0);
  const words = new Uint32Array(start + neurons).fill(NONE);
  const floats = new Float32Array(words.buffer);
  words[0] = outputs.length;
  let free = start;
  outputs.forEach(({ kind, positions, width, wanted, other, least }, index) => {
    const at = 1 + index * SCORED_WORDS;
    words.set([free, positions.length, width, kind], at);
    floats.set([wanted, other, least], at + 4);
    for (const each of positions) {
      words.set(each, free);
      free += width;
    }
  });
  return words;
}

/** Words of the buffer `scores` for a network with so many named outputs. */
export const scoresWords = (outputs: number) => 1 + outputs * SCORE_WORDS;

/** Adds the sums of the buffer `scores`. */
export function addScores(scores: RunScores, words: Uint32Array): void {
  scores.skipped += words[0]!;
  scores.outputs.forEach((sums, index) => addTally(sums, words.subarray(1 + index * SCORE_WORDS)));
}

function addTally(sums: OutputTally, words: Uint32Array): void {
  const sum = (at: number) => (words[at]! + words[at + 1]! * 2 ** 32) / SCORE_UNITS;
  sums.rows += words[0]!;
  sums.odd += words[1]!;
  sums.hits += sum(2);
  sums.squaredErrors += sum(4);
  sums.targets += sum(6);
  sums.squaredTargets += sum(8);
  sums.loss += sum(10) * SCORE_LOSS_MAX;
}
