/**
 * Steps in batches. A ramp of 32 synapses that an input feeds is all in one tile: gradient and step happen in registers.
 * Ramps of 64 that neurons feed step when both their tiles have their gradient.
 */
import {
  AT_BIAS,
  AT_DELTA_SUM,
  AT_GRADIENT,
  AT_RAMP_SQUARE,
  AT_RAMPS,
  AT_SEED,
  AT_WEIGHT,
  AT_WEIGHT_MOMENT,
  LEARNERS,
  SAMPLES,
} from "../slots.ts";
import { runOfTile, tileOfRun } from "./hot.ts";
import { getF, getU, setF, slot } from "./memory.ts";
import { batchRate, correct, EPSILON, MOMENT_KEEP, momentShare, SQUARE_KEEP, squareShare, WEIGHT_DECAY } from "./update.ts";
import { bounded, madd, splat, sum } from "./vectors.ts";

let rate: f32 = 0;
let sampleShare: f32 = 0;
let learnerShare: f32 = 0;

/** Computes what is the same for all sections of a step. */
export function prepareStep(): void {
  rate = batchRate();
  correct();
  sampleShare = 1 / <f32>slot(SAMPLES);
  learnerShare = 1 / <f32>slot(LEARNERS);
}

/** Steps the ramp of a section in a tile. The learners that touch it are `entries` long lists of offsets and activations. */
export function stepInputTile(
  section: u32,
  block: u32,
  tile: u32,
  deltas: usize,
  offsets: usize,
  values: usize,
  entries: u32,
  total: f32,
): void {
  const zero = splat(0);
  let g0 = zero, g1 = zero, g2 = zero, g3 = zero, g4 = zero, g5 = zero, g6 = zero, g7 = zero;
  const toValue = values - offsets;
  const end = offsets + (<usize>entries << 2);
  for (let p = offsets; p < end; p += 4) {
    const d = deltas + load<u32>(p);
    const a = v128.load32_splat(p + toValue);
    g0 = madd(v128.load(d), a, g0);
    g1 = madd(v128.load(d, 16), a, g1);
    g2 = madd(v128.load(d, 32), a, g2);
    g3 = madd(v128.load(d, 48), a, g3);
    g4 = madd(v128.load(d, 64), a, g4);
    g5 = madd(v128.load(d, 80), a, g5);
    g6 = madd(v128.load(d, 96), a, g6);
    g7 = madd(v128.load(d, 112), a, g7);
  }
  const inBlock = (<usize>block << 9) + (<usize>tile << 7);
  const sums = slot(AT_DELTA_SUM) + inBlock;
  const mean = splat(total * learnerShare);
  const share = splat(sampleShare);
  g0 = centred(g0, sums, mean, share);
  g1 = centred(g1, sums + 16, mean, share);
  g2 = centred(g2, sums + 32, mean, share);
  g3 = centred(g3, sums + 48, mean, share);
  g4 = centred(g4, sums + 64, mean, share);
  g5 = centred(g5, sums + 80, mean, share);
  g6 = centred(g6, sums + 96, mean, share);
  g7 = centred(g7, sums + 112, mean, share);
  let squares = madd(g0, g0, f32x4.mul(g1, g1));
  let others = madd(g2, g2, f32x4.mul(g3, g3));
  squares = madd(g4, g4, madd(g5, g5, squares));
  others = madd(g6, g6, madd(g7, g7, others));
  const at = section * 4 + runOfTile(getU(slot(AT_SEED), section), tile);
  const ramp = slot(AT_RAMP_SQUARE);
  const square = SQUARE_KEEP * getF(ramp, at) + (1 - SQUARE_KEEP) * (sum(f32x4.add(squares, others)) / 32);
  setF(ramp, at, square);
  const step = splat((rate * momentShare) / (sqrt<f32>(square * squareShare) + EPSILON));
  const decay = splat(1 - WEIGHT_DECAY * rate);
  const inSection = (<usize>section << 9) + (<usize>tile << 7);
  const w = slot(AT_WEIGHT) + inSection;
  const m = slot(AT_WEIGHT_MOMENT) + inSection;
  const bias = slot(AT_BIAS) + inBlock;
  move(w, m, bias, g0, mean, step, decay);
  move(w + 16, m + 16, bias + 16, g1, mean, step, decay);
  move(w + 32, m + 32, bias + 32, g2, mean, step, decay);
  move(w + 48, m + 48, bias + 48, g3, mean, step, decay);
  move(w + 64, m + 64, bias + 64, g4, mean, step, decay);
  move(w + 80, m + 80, bias + 80, g5, mean, step, decay);
  move(w + 96, m + 96, bias + 96, g6, mean, step, decay);
  move(w + 112, m + 112, bias + 112, g7, mean, step, decay);
}

/** Steps all ramps of a section that a neuron feeds. `totals` are the sums of its tiles' activations. */
export function stepPairs(section: u32, block: u32, totals: usize): void {
  const seed = getU(slot(AT_SEED), section);
  const ramps = getU(slot(AT_RAMPS), section);
  for (let ramp: u32 = 0; ramp < ramps; ramp++) {
    const first = tileOfRun(seed, ramp * 2);
    const second = tileOfRun(seed, ramp * 2 + 1);
    // Both tiles of a ramp have the same activations.
    const total = getF(totals, first);
    const at = section * 4 + ramp;
    let squares: f32 = 0;
    if (total > 0) squares = sum(f32x4.add(centre(section, block, first, total), centre(section, block, second, total)));
    const square = SQUARE_KEEP * getF(slot(AT_RAMP_SQUARE), at) + (1 - SQUARE_KEEP) * (squares / 64);
    setF(slot(AT_RAMP_SQUARE), at, square);
    const step = (rate * momentShare) / (sqrt<f32>(square * squareShare) + EPSILON);
    if (total > 0) {
      stepTile(section, block, first, total, step, true);
      stepTile(section, block, second, total, step, true);
    } else {
      stepTile(section, block, first, total, step, false);
      stepTile(section, block, second, total, step, false);
    }
  }
}

/** Takes the direction that all samples share out of a tile's gradient; returns the squares. */
// @ts-ignore: decorator
@inline
function centre(section: u32, block: u32, tile: u32, total: f32): v128 {
  const g = slot(AT_GRADIENT) + (<usize>section << 9) + (<usize>tile << 7);
  const sums = slot(AT_DELTA_SUM) + (<usize>block << 9) + (<usize>tile << 7);
  const mean = splat(total * learnerShare);
  const share = splat(sampleShare);
  let squares = splat(0), others = splat(0);
  for (let i: usize = 0; i < 128; i += 32) {
    const g0 = centred(v128.load(g + i), sums + i, mean, share);
    const g1 = centred(v128.load(g + i, 16), sums + i + 16, mean, share);
    v128.store(g + i, g0);
    v128.store(g + i, g1, 16);
    squares = madd(g0, g0, squares);
    others = madd(g1, g1, others);
  }
  return f32x4.add(squares, others);
}

/** Steps 32 weights; a tile that no learner touched has no gradient, but goes on with its moments. */
// @ts-ignore: decorator
@inline
function stepTile(section: u32, block: u32, tile: u32, total: f32, step: f32, hasGradient: bool): void {
  const inSection = (<usize>section << 9) + (<usize>tile << 7);
  const g = slot(AT_GRADIENT) + inSection;
  const w = slot(AT_WEIGHT) + inSection;
  const m = slot(AT_WEIGHT_MOMENT) + inSection;
  const bias = slot(AT_BIAS) + (<usize>block << 9) + (<usize>tile << 7);
  const mean = splat(total * learnerShare);
  const steps = splat(step);
  const decay = splat(1 - WEIGHT_DECAY * rate);
  for (let i: usize = 0; i < 128; i += 16) {
    if (hasGradient) move(w + i, m + i, bias + i, v128.load(g + i), mean, steps, decay);
    else coast(w + i, m + i, steps, decay);
  }
}

// @ts-ignore: decorator
@inline
function coast(w: usize, m: usize, step: v128, decay: v128): void {
  const keep = splat(MOMENT_KEEP);
  const moment = f32x4.mul(keep, v128.load(m));
  v128.store(m, moment);
  const after = f32x4.sub(f32x4.mul(v128.load(w), decay), f32x4.mul(step, f32x4.mul(keep, moment)));
  v128.store(w, bounded(after));
}

// @ts-ignore: decorator
@inline
function centred(g: v128, sums: usize, mean: v128, share: v128): v128 {
  return f32x4.mul(f32x4.sub(g, f32x4.mul(v128.load(sums), mean)), share);
}

// @ts-ignore: decorator
@inline
function move(w: usize, m: usize, bias: usize, g: v128, mean: v128, step: v128, decay: v128): void {
  const taken = f32x4.mul(splat(1 - MOMENT_KEEP), g);
  const moment = madd(splat(MOMENT_KEEP), v128.load(m), taken);
  v128.store(m, moment);
  const before = v128.load(w);
  const ahead = madd(splat(MOMENT_KEEP), moment, taken);
  const after = bounded(f32x4.sub(f32x4.mul(before, decay), f32x4.mul(step, ahead)));
  v128.store(w, after);
  v128.store(bias, bounded(f32x4.sub(v128.load(bias), f32x4.mul(f32x4.sub(after, before), mean))));
}
