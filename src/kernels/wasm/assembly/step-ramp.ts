/**
 * The step of one ramp in a batch: gradient, Adam and the compensation for the biases, while all of its data is at
 * hand. A ramp has one tile of 32 synapses in sections that an input feeds, two in sections that a neuron feeds.
 */
import { ADAM_EPSILON, MOMENT_KEEP, SQUARE_KEEP, VALUE_MAX } from "../../../network/constants.ts";
import { AT_RAMP_SQUARE, AT_WEIGHT, AT_WEIGHT_MOMENT, DECAY, IS_BATCH, LEARNERS, RATE, SAMPLES } from "../slots.ts";
import { floatSlot, getF, setF, slot } from "./memory.ts";
import { prepareMeans } from "./online-means.ts";
import { batchRate, correct, momentShare, squareShare } from "./update.ts";
import { bounded, madd, splat, store16, sum } from "./vectors.ts";

/** Loaded from memory, because a vector constant takes four instructions at every use. */
const KEEP = memory.data<f32>([<f32>MOMENT_KEEP, <f32>MOMENT_KEEP, <f32>MOMENT_KEEP, <f32>MOMENT_KEEP], 16);
const MOMENT_TAKE: f32 = <f32>(1 - MOMENT_KEEP);
const TAKE = memory.data<f32>([MOMENT_TAKE, MOMENT_TAKE, MOMENT_TAKE, MOMENT_TAKE], 16);
const TOP = memory.data<f32>([<f32>VALUE_MAX, <f32>VALUE_MAX, <f32>VALUE_MAX, <f32>VALUE_MAX], 16);
const BOTTOM = memory.data<f32>([-<f32>VALUE_MAX, -<f32>VALUE_MAX, -<f32>VALUE_MAX, -<f32>VALUE_MAX], 16);

let rate: f32 = 0;
let sampleShare: f32 = 0;
let learnerShare: f32 = 0;

/** Computes the values that all sections of a step share. */
export function prepareStep(): void {
  learnerShare = 1 / <f32>slot(LEARNERS);
  if (slot(IS_BATCH) == 0) return prepareMeans(slot(LEARNERS));
  rate = batchRate();
  correct();
  sampleShare = 1 / <f32>slot(SAMPLES);
}

/** Mean activation of a ramp over the learners, from the sum. */
// @ts-ignore: decorator
@inline
export function meanOf(total: f32): f32 {
  return total * learnerShare;
}

/** Address of the 32 weights of a section that end in a tile. */
// @ts-ignore: decorator
@inline
export function weightsOf(section: u32, tile: u32): usize {
  return slot(AT_WEIGHT) + (<usize>section << 9) + (<usize>tile << 7);
}

/**
 * Writes the gradient of 32 synapses to `to`: the sum over a list of learners of delta times activation. The
 * activations lie `toValue` bytes after the offsets of the deltas. In batches the gradient is centred: the part that
 * all samples share, the deltas' `sums` times the `mean` activation, is subtracted. Returns the sums of the squares
 * then.
 *
 * With `hasProducts`, writes (or adds, for the second tile) to `products`, for each learner, the products of its deltas
 * with the weights, in four lanes.
 */
// @ts-ignore: decorator
@inline
export function sumGradient(
  deltas: usize,
  offsets: usize,
  toValue: usize,
  entries: u32,
  sums: usize,
  mean: f32,
  to: usize,
  weights: usize,
  products: usize,
  isBatch: bool,
  hasProducts: bool,
  isSecond: bool,
): v128 {
  const end = offsets + (<usize>entries << 2);
  const half = sumHalf(
    deltas,
    offsets,
    end,
    toValue,
    sums,
    mean,
    to,
    weights,
    products,
    isBatch,
    hasProducts,
    isSecond,
  );
  const other = sumHalf(
    deltas + 64,
    offsets,
    end,
    toValue,
    sums + 64,
    mean,
    to + 64,
    weights + 64,
    products,
    isBatch,
    hasProducts,
    true,
  );
  return f32x4.add(half, other);
}

/**
 * The same for 16 synapses, with four sums instead of the tile's eight: the compiler loads all deltas before it
 * multiplies, and with eight of each it runs out of registers.
 */
// @ts-ignore: decorator
@inline
function sumHalf(
  deltas: usize,
  offsets: usize,
  end: usize,
  toValue: usize,
  sums: usize,
  mean: f32,
  to: usize,
  weights: usize,
  products: usize,
  isBatch: bool,
  hasProducts: bool,
  isAdded: bool,
): v128 {
  const zero = splat(0);
  let g0 = zero, g1 = zero, g2 = zero, g3 = zero;
  let w0 = zero, w1 = zero, w2 = zero, w3 = zero;
  if (hasProducts) {
    w0 = v128.load(weights);
    w1 = v128.load(weights, 16);
    w2 = v128.load(weights, 32);
    w3 = v128.load(weights, 48);
  }
  let product = products;
  for (let p = offsets; p < end; p += 4) {
    const d = deltas + load<u32>(p);
    const a = v128.load32_splat(p + toValue);
    const d0 = v128.load(d), d1 = v128.load(d, 16), d2 = v128.load(d, 32), d3 = v128.load(d, 48);
    g0 = madd(d0, a, g0);
    g1 = madd(d1, a, g1);
    g2 = madd(d2, a, g2);
    g3 = madd(d3, a, g3);
    if (hasProducts) {
      const s = f32x4.add(madd(d0, w0, f32x4.mul(d1, w1)), madd(d2, w2, f32x4.mul(d3, w3)));
      v128.store(product, isAdded ? f32x4.add(v128.load(product), s) : s);
      product += 16;
    }
  }
  if (isBatch) {
    const means = splat(mean);
    const share = splat(sampleShare);
    g0 = centred(g0, v128.load(sums), means, share);
    g1 = centred(g1, v128.load(sums, 16), means, share);
    g2 = centred(g2, v128.load(sums, 32), means, share);
    g3 = centred(g3, v128.load(sums, 48), means, share);
  }
  store16(to, g0, g1, g2, g3);
  return isBatch ? f32x4.add(madd(g0, g0, f32x4.mul(g1, g1)), madd(g2, g2, f32x4.mul(g3, g3))) : zero;
}

// @ts-ignore: decorator
@inline
function centred(g: v128, sums: v128, mean: v128, share: v128): v128 {
  return f32x4.mul(f32x4.sub(g, f32x4.mul(sums, mean)), share);
}

/**
 * The step of 32 weights under the online rule, from the `total` of the ramp's activations and the running means of the
 * tile's deltas and of the activation. Like `stepTile`, adds to `shift`.
 */
// @ts-ignore: decorator
@inline
export function descendTile(weights: usize, gradient: usize, means: usize, total: f32, mean: f32, shift: usize): void {
  const rates = splat(floatSlot(RATE));
  const totals = splat(total);
  const activation = splat(mean);
  for (let i: usize = 0; i < 128; i += 16) {
    const g = f32x4.sub(v128.load(gradient + i), f32x4.mul(v128.load(means + i), totals));
    const step = f32x4.mul(rates, g);
    v128.store(weights + i, bounded(f32x4.sub(v128.load(weights + i), step)));
    v128.store(shift + i, f32x4.sub(v128.load(shift + i), f32x4.mul(step, activation)));
  }
}

/** Updates Adam's second moment of a ramp with its mean square; returns the step size of its synapses. */
// @ts-ignore: decorator
@inline
export function stepOfRamp(section: u32, ramp: u32, squares: v128, synapses: f32): f32 {
  const at = section * 4 + ramp;
  const square = <f32>SQUARE_KEEP * getF(slot(AT_RAMP_SQUARE), at) + (1 - <f32>SQUARE_KEEP) * (sum(squares) / synapses);
  setF(slot(AT_RAMP_SQUARE), at, square);
  return (rate * momentShare) / (sqrt<f32>(square * squareShare) + <f32>ADAM_EPSILON);
}

/**
 * Steps 32 weights by their gradient. Adds to `shift` how far the change moves the mean inputs of their neurons; the
 * biases compensate for it.
 */
// @ts-ignore: decorator
@inline
export function stepTile(section: u32, tile: u32, gradient: usize, mean: f32, step: f32, shift: usize): void {
  const weights = weightsOf(section, tile);
  const moments = weights - slot(AT_WEIGHT) + slot(AT_WEIGHT_MOMENT);
  const means = splat(mean);
  const steps = splat(step);
  const decay = splat(1 - floatSlot(DECAY) * rate);
  const keep = v128.load(KEEP);
  const take = v128.load(TAKE);
  const top = v128.load(TOP);
  const bottom = v128.load(BOTTOM);
  move(weights, moments, shift, gradient, 0, means, steps, decay, keep, take, top, bottom);
  move(weights, moments, shift, gradient, 16, means, steps, decay, keep, take, top, bottom);
  move(weights, moments, shift, gradient, 32, means, steps, decay, keep, take, top, bottom);
  move(weights, moments, shift, gradient, 48, means, steps, decay, keep, take, top, bottom);
  move(weights, moments, shift, gradient, 64, means, steps, decay, keep, take, top, bottom);
  move(weights, moments, shift, gradient, 80, means, steps, decay, keep, take, top, bottom);
  move(weights, moments, shift, gradient, 96, means, steps, decay, keep, take, top, bottom);
  move(weights, moments, shift, gradient, 112, means, steps, decay, keep, take, top, bottom);
}

// @ts-ignore: decorator
@inline
function move(
  weights: usize,
  moments: usize,
  shift: usize,
  gradient: usize,
  at: usize,
  means: v128,
  steps: v128,
  decay: v128,
  keep: v128,
  take: v128,
  top: v128,
  bottom: v128,
): void {
  const taken = f32x4.mul(take, v128.load(gradient + at));
  const moment = madd(keep, v128.load(moments + at), taken);
  v128.store(moments + at, moment);
  const before = v128.load(weights + at);
  const ahead = madd(keep, moment, taken);
  const after = f32x4.pmax(f32x4.pmin(f32x4.sub(f32x4.mul(before, decay), f32x4.mul(steps, ahead)), top), bottom);
  v128.store(weights + at, after);
  v128.store(shift + at, madd(f32x4.sub(after, before), means, v128.load(shift + at)));
}
