/** Steps of the sections' weights and the neurons' biases, one block at a time, sections in order. */
import {
  AT_ACTIVATION_SUM,
  AT_BIAS,
  AT_BIAS_MOMENT,
  AT_BIAS_SQUARE,
  AT_BLOCK_SECTIONS,
  AT_DELTA_SUM,
  AT_GRADIENT,
  AT_NEURON_BLOCKS,
  AT_PLACES,
  AT_RAMP_SQUARE,
  AT_RAMPS,
  AT_SEED,
  AT_WEIGHT,
  AT_WEIGHT_MOMENT,
  HEADER_ADAM_STEPS,
  IS_BATCH,
  LEARNERS,
  RATE,
  SAMPLES,
} from "../slots.ts";
import { HOT_OPEN, hotOf, OF_INPUT, tileOfRun } from "./hot.ts";
import { floatSlot, getF, getU, header, setF, slot } from "./memory.ts";
import { bounded, madd, splat, sum } from "./vectors.ts";

export const MOMENT_KEEP: f32 = 0.8;
export const SQUARE_KEEP: f32 = 0.98;
export const EPSILON: f32 = 1e-6;
export const WEIGHT_DECAY: f32 = 0.2;

/** Adam's correction for moments that started at 0. */
export function correction(keep: f64): f32 {
  return <f32>(1 - keep ** <f64>header(HEADER_ADAM_STEPS));
}

/** Rate of a batch step: grows with the root of the samples that count. */
export function batchRate(): f32 {
  return <f32>(<f64>floatSlot(RATE) * sqrt<f64>(<f64>slot(LEARNERS)));
}

/** Item of a phase: the biases of one block, and the sections that have not stepped with their gradient. */
export function updateBlock(item: u32): void {
  const block = getU(slot(AT_NEURON_BLOCKS), item);
  if (slot(IS_BATCH) != 0) updateBatch(block);
  else updateOnline(block);
}

function updateBatch(block: u32): void {
  const rate = batchRate();
  const momentCorrection = correction(0.8);
  const squareCorrection = correction(0.98);
  const places = slot(AT_PLACES) + (<usize>block << 11);
  const sections = getU(slot(AT_BLOCK_SECTIONS), block);
  for (let place: u32 = 0; place < sections; place++) {
    const section = getU(places, place);
    // Those that an input feeds have stepped already.
    if (load<f32>(hotOf(section), HOT_OPEN) == OF_INPUT) continue;
    const sums = slot(AT_ACTIVATION_SUM) + (<usize>section << 4);
    if (!v128.any_true(f32x4.gt(v128.load(sums), f32x4.splat(0)))) continue;
    const seed = getU(slot(AT_SEED), section);
    const ramps = getU(slot(AT_RAMPS), section);
    for (let ramp: u32 = 0; ramp < ramps; ramp++) {
      const first = tileOfRun(seed, ramp * 2);
      const second = tileOfRun(seed, ramp * 2 + 1);
      const squares = centre(section, block, first) + centre(section, block, second);
      const at = section * 4 + ramp;
      const square = SQUARE_KEEP * getF(slot(AT_RAMP_SQUARE), at) + (1 - SQUARE_KEEP) * (squares / 64);
      setF(slot(AT_RAMP_SQUARE), at, square);
      const step = rate / momentCorrection / (sqrt<f32>(square / squareCorrection) + EPSILON);
      stepTile(section, block, first, rate, step);
      stepTile(section, block, second, rate, step);
    }
  }
  const at = <usize>block << 9;
  adam(slot(AT_BIAS) + at, slot(AT_BIAS_MOMENT) + at, slot(AT_BIAS_SQUARE) + at, slot(AT_DELTA_SUM) + at, 128, rate);
}

// @ts-ignore: decorator
@inline
function meanActivation(section: u32, tile: u32): f32 {
  return getF(slot(AT_ACTIVATION_SUM), section * 4 + tile) / <f32>slot(LEARNERS);
}

/** Takes the direction that all samples share out of a tile's gradient; returns the sum of its squares. */
function centre(section: u32, block: u32, tile: u32): f32 {
  const mean = meanActivation(section, tile);
  const g = slot(AT_GRADIENT) + (<usize>section << 9) + (<usize>tile << 7);
  if (mean == 0) {
    memory.fill(g, 0, 128);
    return 0;
  }
  const deltas = slot(AT_DELTA_SUM) + (<usize>block << 9) + (<usize>tile << 7);
  const share = splat(1 / <f32>slot(SAMPLES));
  const m = splat(mean);
  let squares = splat(0);
  for (let i: usize = 0; i < 128; i += 16) {
    const centred = f32x4.mul(f32x4.sub(v128.load(g + i), f32x4.mul(v128.load(deltas + i), m)), share);
    v128.store(g + i, centred);
    squares = madd(centred, centred, squares);
  }
  return sum(squares);
}

/** Steps 32 weights and moves the biases against them, so that no neuron's mean input over the batch changes. */
function stepTile(section: u32, block: u32, tile: u32, rate: f32, step: f32): void {
  const mean = splat(meanActivation(section, tile));
  const inSection = (<usize>section << 9) + (<usize>tile << 7);
  const w = slot(AT_WEIGHT) + inSection;
  const g = slot(AT_GRADIENT) + inSection;
  const moments = slot(AT_WEIGHT_MOMENT) + inSection;
  const bias = slot(AT_BIAS) + (<usize>block << 9) + (<usize>tile << 7);
  const decay = splat(1 - WEIGHT_DECAY * rate);
  const steps = splat(step);
  const keep = splat(MOMENT_KEEP);
  const take = splat(1 - MOMENT_KEEP);
  for (let i: usize = 0; i < 128; i += 16) {
    const taken = f32x4.mul(take, v128.load(g + i));
    const moment = madd(keep, v128.load(moments + i), taken);
    v128.store(moments + i, moment);
    const before = v128.load(w + i);
    const after = bounded(f32x4.sub(f32x4.mul(before, decay), f32x4.mul(steps, madd(keep, moment, taken))));
    v128.store(w + i, after);
    v128.store(bias + i, bounded(f32x4.sub(v128.load(bias + i), f32x4.mul(f32x4.sub(after, before), mean))));
  }
}

/**
 * One Adam step with Nesterov's look ahead of `count` weights, a multiple of 4, from their gradients' sums. A gradient
 * of exactly 0 changes nothing.
 */
export function adam(weights: usize, moments: usize, squares: usize, sums: usize, count: u32, rate: f32): void {
  const share = splat(1 / <f32>slot(SAMPLES));
  const keep = splat(MOMENT_KEEP);
  const take = splat(1 - MOMENT_KEEP);
  const keepSquare = splat(SQUARE_KEEP);
  const takeSquare = splat(1 - SQUARE_KEEP);
  const rates = splat(rate / correction(0.8));
  const squareShare = splat(1 / correction(0.98));
  const end = <usize>count << 2;
  for (let i: usize = 0; i < end; i += 16) {
    const g = f32x4.mul(v128.load(sums + i), share);
    const changes = f32x4.ne(g, splat(0));
    const oldMoment = v128.load(moments + i);
    const oldSquare = v128.load(squares + i);
    const before = v128.load(weights + i);
    const square = madd(keepSquare, oldSquare, f32x4.mul(takeSquare, f32x4.mul(g, g)));
    const taken = f32x4.mul(take, g);
    const moment = madd(keep, oldMoment, taken);
    const root = f32x4.add(f32x4.sqrt(f32x4.mul(square, squareShare)), splat(EPSILON));
    const after = bounded(f32x4.sub(before, f32x4.div(f32x4.mul(rates, madd(keep, moment, taken)), root)));
    v128.store(squares + i, v128.bitselect(square, oldSquare, changes));
    v128.store(moments + i, v128.bitselect(moment, oldMoment, changes));
    v128.store(weights + i, v128.bitselect(after, before, changes));
  }
}

function updateOnline(block: u32): void {
  const rate = splat(floatSlot(RATE));
  const places = slot(AT_PLACES) + (<usize>block << 11);
  const sections = getU(slot(AT_BLOCK_SECTIONS), block);
  for (let place: u32 = 0; place < sections; place++) {
    const section = getU(places, place);
    for (let tile: u32 = 0; tile < 4; tile++) {
      if (!(getF(slot(AT_ACTIVATION_SUM), section * 4 + tile) > 0)) continue;
      const at = (<usize>section << 9) + (<usize>tile << 7);
      descend(slot(AT_WEIGHT) + at, slot(AT_GRADIENT) + at, 32, rate);
    }
  }
  const at = <usize>block << 9;
  descend(slot(AT_BIAS) + at, slot(AT_DELTA_SUM) + at, 128, rate);
}

/** A plain step of `count` weights, a multiple of 4. */
export function descend(weights: usize, sums: usize, count: u32, rate: v128): void {
  const end = <usize>count << 2;
  for (let i: usize = 0; i < end; i += 16)
    v128.store(weights + i, bounded(f32x4.sub(v128.load(weights + i), f32x4.mul(rate, v128.load(sums + i)))));
}
