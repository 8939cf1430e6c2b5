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
  AT_WEIGHT,
  AT_WEIGHT_MOMENT,
  HEADER_ADAM_STEPS,
  IS_BATCH,
  LEARNERS,
  RATE,
  SAMPLES,
} from "../slots.ts";
import { HOT_OPEN, hotOf, OF_INPUT } from "./hot.ts";
import { floatSlot, getF, getU, header, slot } from "./memory.ts";
import { prepareStep, stepPairs } from "./step-ramp.ts";
import { bounded, madd, splat } from "./vectors.ts";

export const MOMENT_KEEP: f32 = 0.8;
export const SQUARE_KEEP: f32 = 0.98;
export const EPSILON: f32 = 1e-6;
export const WEIGHT_DECAY: f32 = 0.2;

/** Adam's corrections for moments that started at 0, as factors, and the step that they belong to. */
export let momentShare: f32 = 0;
export let squareShare: f32 = 0;
let correctedStep: u32 = 0;

/** Brings the corrections up to date. */
export function correct(): void {
  const steps = header(HEADER_ADAM_STEPS);
  if (steps == correctedStep) return;
  correctedStep = steps;
  momentShare = <f32>(1 / (1 - 0.8 ** <f64>steps));
  squareShare = <f32>(1 / (1 - 0.98 ** <f64>steps));
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
  prepareStep();
  const places = slot(AT_PLACES) + (<usize>block << 11);
  const sections = getU(slot(AT_BLOCK_SECTIONS), block);
  for (let place: u32 = 0; place < sections; place++) {
    const section = getU(places, place);
    // Those that an input feeds have stepped already.
    if (load<f32>(hotOf(section), HOT_OPEN) == OF_INPUT) continue;
    const sums = slot(AT_ACTIVATION_SUM) + (<usize>section << 4);
    if (!v128.any_true(f32x4.gt(v128.load(sums), f32x4.splat(0)))) continue;
    stepPairs(section, block, sums);
  }
  const at = <usize>block << 9;
  adam(slot(AT_BIAS) + at, slot(AT_BIAS_MOMENT) + at, slot(AT_BIAS_SQUARE) + at, slot(AT_DELTA_SUM) + at, 128, rate);
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
  correct();
  const rates = splat(rate * momentShare);
  const toSquare = splat(squareShare);
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
    const root = f32x4.add(f32x4.sqrt(f32x4.mul(square, toSquare)), splat(EPSILON));
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
