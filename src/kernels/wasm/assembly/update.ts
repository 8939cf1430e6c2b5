/** Adam and plain steps. */
import { ADAM_EPSILON, MOMENT_KEEP, SQUARE_KEEP } from "../../../network/constants.ts";
import { HEADER_ADAM_STEPS, LEARNERS, RATE, SAMPLES } from "../slots.ts";
import { floatSlot, header, slot } from "./memory.ts";
import { bounded, madd, splat } from "./vectors.ts";

/**
 * Adam's corrections for moments that started at 0, as factors, and the step that they belong to. They depend on the
 * step alone, so they stay valid when another cluster computes here.
 */
export let momentShare: f32 = Infinity;
export let squareShare: f32 = Infinity;
let correctedStep: u32 = 0;

/** Brings the corrections up to date. The moments decay by 32-bit factors, so the powers are of these. */
export function correct(): void {
  const steps = header(HEADER_ADAM_STEPS);
  if (steps == correctedStep) return;
  correctedStep = steps;
  momentShare = <f32>(1 / (1 - <f64><f32>MOMENT_KEEP ** <f64>steps));
  squareShare = <f32>(1 / (1 - <f64><f32>SQUARE_KEEP ** <f64>steps));
}

/** Learning rate of a batch step: grows with the square root of the number of learners. */
export function batchRate(): f32 {
  return <f32>(<f64>floatSlot(RATE) * sqrt<f64>(<f64>slot(LEARNERS)));
}

/**
 * One Adam step with Nesterov momentum for `count` weights, a multiple of 4, from the sums of their gradients. A
 * gradient of exactly 0 changes nothing.
 */
export function adam(weights: usize, moments: usize, squares: usize, sums: usize, count: u32, rate: f32): void {
  const share = splat(1 / <f32>slot(SAMPLES));
  const keep = splat(<f32>MOMENT_KEEP);
  const take = splat(1 - <f32>MOMENT_KEEP);
  const keepSquare = splat(<f32>SQUARE_KEEP);
  const takeSquare = splat(1 - <f32>SQUARE_KEEP);
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
    const root = f32x4.add(f32x4.sqrt(f32x4.mul(square, toSquare)), splat(<f32>ADAM_EPSILON));
    const after = bounded(f32x4.sub(before, f32x4.div(f32x4.mul(rates, madd(keep, moment, taken)), root)));
    v128.store(squares + i, v128.bitselect(square, oldSquare, changes));
    v128.store(moments + i, v128.bitselect(moment, oldMoment, changes));
    v128.store(weights + i, v128.bitselect(after, before, changes));
  }
}

/** A plain gradient step of `count` weights, a multiple of 4. */
export function descend(weights: usize, sums: usize, count: u32, rate: v128): void {
  const end = <usize>count << 2;
  for (let i: usize = 0; i < end; i += 16)
    v128.store(weights + i, bounded(f32x4.sub(v128.load(weights + i), f32x4.mul(rate, v128.load(sums + i)))));
}
