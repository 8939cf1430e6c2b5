/** Gradient and step of the readout weights. */
import { READOUT_RATE_SHARE } from "../../../network/constants.ts";
import {
  AT_ERROR,
  AT_LEARNERS,
  AT_OUTPUT_BIAS,
  AT_OUTPUT_BIAS_MOMENT,
  AT_OUTPUT_BIAS_SQUARE,
  AT_READOUT,
  AT_READOUT_MOMENT,
  AT_READOUT_SQUARE,
  AT_TILE_BLOCK,
  AT_TILE_OUTPUT,
  AT_TILE_ROW,
  AT_VALUE,
  IS_BATCH,
  LEARNERS,
  OUTPUTS,
  RATE,
  STRIDE,
} from "../slots.ts";
import { listsOf } from "./local.ts";
import { floatSlot, getF, getU, setF, slot } from "./memory.ts";
import { outputsOf } from "./tiles.ts";
import { adam, batchRate, descend } from "./update.ts";
import { madd, splat } from "./vectors.ts";
import { yieldAfter } from "./yield-point.ts";

/** Item of a phase: steps the readout weights of one tile. `listsOf` has room for one row of sums. */
export function updateReadoutTile(tile: u32, thread: u32): void {
  const block = getU(slot(AT_TILE_BLOCK), tile);
  const count = outputsOf(tile);
  const first = getU(slot(AT_TILE_OUTPUT), tile);
  const sums = listsOf(thread);
  for (let k: u32 = 0; k < count; k++) {
    sumRow(block, first + k, sums);
    const row = (<usize>(getU(slot(AT_TILE_ROW), tile) + k)) << 9;
    if (slot(IS_BATCH) != 0) {
      const rate = batchRate() * <f32>READOUT_RATE_SHARE;
      adam(slot(AT_READOUT) + row, slot(AT_READOUT_MOMENT) + row, slot(AT_READOUT_SQUARE) + row, sums, 128, rate);
    } else descend(slot(AT_READOUT) + row, sums, 128, splat(floatSlot(RATE)));
    if ((k & 63) == 63) yieldAfter(1);
  }
}

/** Sums error * value over the learners for the 128 weights of an output neuron. */
function sumRow(block: u32, k: u32, to: usize): void {
  const learners = slot(LEARNERS);
  const outputs = slot(OUTPUTS);
  const values = slot(AT_VALUE) + ((<usize>block * slot(STRIDE)) << 9);
  const errors = slot(AT_ERROR) + ((<usize>k) << 2);
  for (let i: usize = 0; i < 512; i += 64) {
    let s0 = splat(0),
      s1 = s0,
      s2 = s0,
      s3 = s0;
    for (let learner: u32 = 0; learner < learners; learner++) {
      const q = getU(slot(AT_LEARNERS), learner);
      const u = v128.load32_splat(errors + ((<usize>q * outputs) << 2));
      const y = values + ((<usize>q) << 9) + i;
      s0 = madd(v128.load(y), u, s0);
      s1 = madd(v128.load(y, 16), u, s1);
      s2 = madd(v128.load(y, 32), u, s2);
      s3 = madd(v128.load(y, 48), u, s3);
    }
    v128.store(to + i, s0);
    v128.store(to + i, s1, 16);
    v128.store(to + i, s2, 32);
    v128.store(to + i, s3, 48);
  }
}

/** Steps the output biases. */
export function updateOutputBias(thread: u32): void {
  const outputs = slot(OUTPUTS);
  const sums = listsOf(thread);
  for (let k: u32 = 0; k < outputs; k += 4) {
    // Four at a time: the arrays of the outputs have room for that, and a sum of 0 changes nothing.
    memory.fill(sums, 0, 16);
    const group = min<u32>(4, outputs - k);
    for (let i: u32 = 0; i < group; i++) setF(sums, i, sumErrors(k + i));
    const at = (<usize>k) << 2;
    const bias = slot(AT_OUTPUT_BIAS) + at;
    if (slot(IS_BATCH) != 0) {
      const rate = batchRate() * <f32>READOUT_RATE_SHARE;
      adam(bias, slot(AT_OUTPUT_BIAS_MOMENT) + at, slot(AT_OUTPUT_BIAS_SQUARE) + at, sums, 4, rate);
    } else descend(bias, sums, 4, splat(floatSlot(RATE)));
    if ((k & 1023) == 1020) yieldAfter(1);
  }
}

function sumErrors(k: u32): f32 {
  const learners = slot(LEARNERS);
  const outputs = slot(OUTPUTS);
  let total: f32 = 0;
  for (let learner: u32 = 0; learner < learners; learner++)
    total += getF(slot(AT_ERROR), getU(slot(AT_LEARNERS), learner) * outputs + k);
  return total;
}
