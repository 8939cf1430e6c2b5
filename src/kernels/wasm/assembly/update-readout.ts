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
  IS_BATCH,
  LEARNERS,
  OUTPUTS,
  RATE,
} from "../slots.ts";
import { valuesOf } from "./forward.ts";
import { listsOf } from "./local.ts";
import { floatSlot, getF, getU, setF, slot } from "./memory.ts";
import { outputsOf } from "./tiles.ts";
import { adam, batchRate, descend } from "./update.ts";
import { madd, splat, store16 } from "./vectors.ts";
import { yieldAfter } from "./yield-point.ts";

/** Item of a phase: steps the readout weights of one tile. `listsOf` has room for two rows of sums. */
export function updateReadoutTile(tile: u32, thread: u32): void {
  const block = getU(slot(AT_TILE_BLOCK), tile);
  const count = outputsOf(tile);
  const first = getU(slot(AT_TILE_OUTPUT), tile);
  const sums = listsOf(thread);
  for (let k: u32 = 0; k < count; k += 2) {
    const weights = min<u32>(2, count - k) * 128;
    if (weights == 256) sumRows(block, first + k, sums);
    else sumRow(block, first + k, sums);
    const row = (<usize>(getU(slot(AT_TILE_ROW), tile) + k)) << 9;
    if (slot(IS_BATCH) != 0) {
      const rate = batchRate() * <f32>READOUT_RATE_SHARE;
      adam(slot(AT_READOUT) + row, slot(AT_READOUT_MOMENT) + row, slot(AT_READOUT_SQUARE) + row, sums, weights, rate);
    } else descend(slot(AT_READOUT) + row, sums, weights, onlineRate());
    if ((k & 63) == 62) yieldAfter(1);
  }
}

function onlineRate(): v128 {
  return splat(floatSlot(RATE) * <f32>READOUT_RATE_SHARE);
}

/** Sums error * value over the learners for the 128 weights of an output neuron. */
function sumRow(block: u32, k: u32, to: usize): void {
  const learners = slot(LEARNERS);
  const outputs = slot(OUTPUTS);
  const values = valuesOf(block);
  const errors = slot(AT_ERROR) + ((<usize>k) << 2);
  for (let i: usize = 0; i < 512; i += 64) {
    let s0 = splat(0), s1 = splat(0), s2 = splat(0), s3 = splat(0);
    for (let learner: u32 = 0; learner < learners; learner++) {
      const q = getU(slot(AT_LEARNERS), learner);
      const u = v128.load32_splat(errors + ((<usize>q * outputs) << 2));
      const y = values + ((<usize>q) << 9) + i;
      s0 = madd(v128.load(y), u, s0);
      s1 = madd(v128.load(y, 16), u, s1);
      s2 = madd(v128.load(y, 32), u, s2);
      s3 = madd(v128.load(y, 48), u, s3);
    }
    store16(to + i, s0, s1, s2, s3);
  }
}

/** The same for this output neuron and the next one: each value is read once for both. */
function sumRows(block: u32, k: u32, to: usize): void {
  const learners = slot(LEARNERS);
  const outputs = slot(OUTPUTS);
  const values = valuesOf(block);
  const errors = slot(AT_ERROR) + ((<usize>k) << 2);
  for (let i: usize = 0; i < 512; i += 64) {
    let s0 = splat(0), s1 = splat(0), s2 = splat(0), s3 = splat(0);
    let t0 = splat(0), t1 = splat(0), t2 = splat(0), t3 = splat(0);
    for (let learner: u32 = 0; learner < learners; learner++) {
      const q = getU(slot(AT_LEARNERS), learner);
      const at = errors + ((<usize>q * outputs) << 2);
      const one = v128.load32_splat(at), next = v128.load32_splat(at, 4);
      const y = values + ((<usize>q) << 9) + i;
      const y0 = v128.load(y), y1 = v128.load(y, 16);
      s0 = madd(y0, one, s0);
      t0 = madd(y0, next, t0);
      s1 = madd(y1, one, s1);
      t1 = madd(y1, next, t1);
      const y2 = v128.load(y, 32), y3 = v128.load(y, 48);
      s2 = madd(y2, one, s2);
      t2 = madd(y2, next, t2);
      s3 = madd(y3, one, s3);
      t3 = madd(y3, next, t3);
    }
    store16(to + i, s0, s1, s2, s3);
    store16(to + i + 512, t0, t1, t2, t3);
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
    } else descend(bias, sums, 4, onlineRate());
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
