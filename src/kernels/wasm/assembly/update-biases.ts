/** Steps the biases. */
import { SECTIONS_PER_BLOCK } from "../../../network/constants.ts";
import {
  AT_BIAS,
  AT_BIAS_MOMENT,
  AT_BIAS_SQUARE,
  AT_BLOCK_SECTIONS,
  AT_DELTA_MEAN,
  AT_NEURON_BLOCKS,
  AT_PLACES,
  HEADER_SECTIONS,
  IS_BATCH,
  LEARNERS,
  NEURON_BLOCK_COUNT,
  RATE,
} from "../slots.ts";
import { isTouched } from "./activations.ts";
import { sumsOf } from "./backward.ts";
import { hotOf } from "./hot.ts";
import { floatSlot, getU, header, hexagonOfBlock, rankOf, slot } from "./memory.ts";
import { deltaShare, movedMean, noteSeen, prepareMeans } from "./online-means.ts";
import { shiftOf, sourceItems } from "./sources.ts";
import { adam, batchRate, descend } from "./update.ts";
import { bounded, splat } from "./vectors.ts";

/** Blocks per item; biases are little work. */
const BLOCKS: u32 = 16;

/** Number of items for the neuron blocks. */
export function biasItems(): u32 {
  return (slot(NEURON_BLOCK_COUNT) + BLOCKS - 1) / BLOCKS;
}

/** Item of a phase: steps the biases of some blocks. */
export function updateBiases(item: u32): void {
  const end = min<u32>((item + 1) * BLOCKS, slot(NEURON_BLOCK_COUNT));
  for (let i = item * BLOCKS; i < end; i++) {
    const block = getU(slot(AT_NEURON_BLOCKS), i);
    const at = <usize>block << 9;
    const bias = slot(AT_BIAS) + at;
    const sums = sumsOf(rankOf(block), 0);
    compensate(block, bias);
    if (slot(IS_BATCH) != 0) adam(bias, slot(AT_BIAS_MOMENT) + at, slot(AT_BIAS_SQUARE) + at, sums, 128, batchRate());
    else {
      descend(bias, sums, 128, splat(floatSlot(RATE)));
      updateMeans(slot(AT_DELTA_MEAN) + at, sums);
      noteTouched(block);
    }
  }
}

/** Notes that the means of a block's touched sections are up to date. Its tiles were updated apart. */
function noteTouched(block: u32): void {
  const places = slot(AT_PLACES) + (<usize>block << 11);
  const used = min<u32>(SECTIONS_PER_BLOCK, getU(slot(AT_BLOCK_SECTIONS), block));
  const sections = header(HEADER_SECTIONS);
  for (let place: u32 = 0; place < used; place++) {
    const section = getU(places, place);
    if (section < sections && isTouched(section, hotOf(section))) noteSeen(section);
  }
}

/** Updates the running means of a block's deltas by their sums over the learners. */
function updateMeans(means: usize, sums: usize): void {
  const learners = slot(LEARNERS);
  prepareMeans(learners);
  const each = splat(1 / <f32>learners);
  const share = splat(deltaShare);
  for (let i: usize = 0; i < 512; i += 16) {
    const mean = v128.load(means + i);
    v128.store(means + i, movedMean(mean, f32x4.sub(f32x4.mul(v128.load(sums + i), each), mean), share));
  }
}

/** Subtracts the shift of the neurons' mean inputs by the weight steps, so that no mean moves with the weights. */
function compensate(block: u32, biases: usize): void {
  const items = sourceItems(hexagonOfBlock(block));
  const rank = rankOf(block);
  for (let i: usize = 0; i < 512; i += 16) {
    let shift = splat(0);
    for (let item: u32 = 0; item < items; item++) shift = f32x4.add(shift, v128.load(shiftOf(rank, item) + i));
    v128.store(biases + i, bounded(f32x4.sub(v128.load(biases + i), shift)));
  }
}
