/** Adam, plain steps, and the steps of the biases. */
import {
  AT_BIAS,
  AT_BIAS_MOMENT,
  AT_BIAS_SQUARE,
  AT_DELTA_SUM,
  AT_NEURON_BLOCKS,
  HEADER_ADAM_STEPS,
  IS_BATCH,
  LEARNERS,
  NEURON_BLOCK_COUNT,
  RATE,
  SAMPLES,
} from "../slots.ts";
import { floatSlot, getU, header, hexagonOfBlock, slot } from "./memory.ts";
import { shiftOf, sourceItems } from "./sources.ts";
import { bounded, madd, splat } from "./vectors.ts";

export const MOMENT_KEEP: f32 = 0.8;
export const SQUARE_KEEP: f32 = 0.98;
export const EPSILON: f32 = 1e-6;
export const WEIGHT_DECAY: f32 = 0.2;

/**
 * Adam's corrections for moments that started at 0, as factors, and the step that they belong to: whichever cluster was
 * here before, they follow from the step alone.
 */
export let momentShare: f32 = Infinity;
export let squareShare: f32 = Infinity;
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

/** Blocks of one item: their biases are little work. */
const BLOCKS: u32 = 16;

/** How many items the neuron blocks make. */
export function biasItems(): u32 {
  return (slot(NEURON_BLOCK_COUNT) + BLOCKS - 1) / BLOCKS;
}

/** Item of a phase: the biases of some blocks. */
export function updateBiases(item: u32): void {
  const end = min<u32>((item + 1) * BLOCKS, slot(NEURON_BLOCK_COUNT));
  for (let i = item * BLOCKS; i < end; i++) {
    const block = getU(slot(AT_NEURON_BLOCKS), i);
    const at = <usize>block << 9;
    const bias = slot(AT_BIAS) + at;
    const sums = slot(AT_DELTA_SUM) + at;
    if (slot(IS_BATCH) != 0) {
      compensate(block, bias);
      adam(bias, slot(AT_BIAS_MOMENT) + at, slot(AT_BIAS_SQUARE) + at, sums, 128, batchRate());
    } else descend(bias, sums, 128, splat(floatSlot(RATE)));
  }
}

/** Takes back what the steps of the weights did to the neurons' mean inputs, so that no mean moves with the weights. */
function compensate(block: u32, biases: usize): void {
  const items = sourceItems(hexagonOfBlock(block));
  for (let i: usize = 0; i < 512; i += 16) {
    let shift = splat(0);
    for (let item: u32 = 0; item < items; item++) shift = f32x4.add(shift, v128.load(shiftOf(block, item) + i));
    v128.store(biases + i, bounded(f32x4.sub(v128.load(biases + i), shift)));
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

/** A plain step of `count` weights, a multiple of 4. */
export function descend(weights: usize, sums: usize, count: u32, rate: v128): void {
  const end = <usize>count << 2;
  for (let i: usize = 0; i < end; i += 16)
    v128.store(weights + i, bounded(f32x4.sub(v128.load(weights + i), f32x4.mul(rate, v128.load(sums + i)))));
}
