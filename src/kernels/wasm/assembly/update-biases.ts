/** Steps the biases. */
import {
  AT_BIAS,
  AT_BIAS_MOMENT,
  AT_BIAS_SQUARE,
  AT_NEURON_BLOCKS,
  IS_BATCH,
  NEURON_BLOCK_COUNT,
  RATE,
} from "../slots.ts";
import { sumsOf } from "./backward.ts";
import { floatSlot, getU, hexagonOfBlock, rankOf, slot } from "./memory.ts";
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
    if (slot(IS_BATCH) != 0) {
      compensate(block, bias);
      adam(bias, slot(AT_BIAS_MOMENT) + at, slot(AT_BIAS_SQUARE) + at, sums, 128, batchRate());
    } else descend(bias, sums, 128, splat(floatSlot(RATE)));
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
