/** Gradient and step in batches of a ramp of 32 synapses that an input feeds: all in one tile, all in registers. */
import {
  AT_BIAS,
  AT_DELTA_SUM,
  AT_RAMP_SQUARE,
  AT_SEED,
  AT_WEIGHT,
  AT_WEIGHT_MOMENT,
  LEARNERS,
  SAMPLES,
} from "../slots.ts";
import { runOfTile } from "./hot.ts";
import { getF, getU, setF, slot } from "./memory.ts";
import { batchRate, correction, EPSILON, MOMENT_KEEP, SQUARE_KEEP, WEIGHT_DECAY } from "./update.ts";
import { bounded, madd, splat, sum } from "./vectors.ts";

let rate: f32 = 0;
let momentShare: f32 = 0;
let squareShare: f32 = 0;
let sampleShare: f32 = 0;
let learnerShare: f32 = 0;

/** Computes what is the same for all sections of a step. */
export function prepareStep(): void {
  rate = batchRate();
  momentShare = 1 / correction(0.8);
  squareShare = 1 / correction(0.98);
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
