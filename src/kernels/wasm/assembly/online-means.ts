/** The running means of the online rule: of neurons' deltas, and of the activations of ramps. */
import { MEAN_MIN, DELTA_MEAN_SHARE, RAMP_MEAN_SHARE } from "../../../network/constants.ts";
import {
  AT_DECAYS,
  AT_HEADER,
  AT_RAMP_MEAN,
  AT_SEEN_ONLINE,
  DECAY_COUNT,
  DECAY_SHARE,
  HEADER_ONLINE_SAMPLES,
  NEURON_BLOCK_COUNT,
  SHIFT_SUMS,
  TOUCHED_BYTES,
} from "../slots.ts";
import { hotOf } from "./hot.ts";
import { shiftsOf, touchedOf } from "./local.ts";
import { floatSlot, getF, getU, header, setF, setSlot, setU, slot } from "./memory.ts";
import { madd, splat } from "./vectors.ts";

/** The highest bit of the count of samples stays set, so that a full count does not start over. */
const MANY: u32 = 0x80000000;

/** Shares of the step's samples in the means. */
export let deltaShare: f32 = 0;
let rampShare: f32 = 0;
/** Samples after and before this step. */
let seenNow: u32 = 0;
let seenBefore: u32 = 0;

/** Counts the learners of a step and fills the table of decays for it: the leading thread calls it first. */
export function countOnline(learners: u32): void {
  const before = header(HEADER_ONLINE_SAMPLES);
  setU(slot(AT_HEADER), HEADER_ONLINE_SAMPLES, (before + learners) | (before & MANY));
  const share = shareOf(RAMP_MEAN_SHARE);
  if (floatSlot(DECAY_SHARE) == <f32>share) return;
  setSlot(DECAY_SHARE, reinterpret<u32>(<f32>share));
  let decay: f64 = 1;
  for (let missed: u32 = 0; missed < <u32>DECAY_COUNT; missed++) {
    setF(AT_DECAYS, missed, <f32>decay);
    decay *= 1 - share;
  }
}

/** Computes what all updates of a step share, for this thread. */
export function prepareMeans(learners: u32): void {
  deltaShare = <f32>min<f64>(1, <f64>learners * shareOf(DELTA_MEAN_SHARE));
  rampShare = <f32>min<f64>(1, <f64>learners * shareOf(RAMP_MEAN_SHARE));
  seenNow = header(HEADER_ONLINE_SAMPLES);
  seenBefore = seenNow - learners;
}

/** The share of one sample in a mean. */
function shareOf(least: f64): f64 {
  return max<f64>(least, 1 / <f64>header(HEADER_ONLINE_SAMPLES));
}

/** Running means of deltas, moved towards those of the step, which are further by `c`. */
// @ts-ignore: decorator
@inline
export function movedMean(mean: v128, c: v128, share: v128): v128 {
  return settled(madd(share, c, mean));
}

// @ts-ignore: decorator
@inline
function settled(mean: v128): v128 {
  return v128.and(mean, f32x4.ge(f32x4.abs(mean), splat(<f32>MEAN_MIN)));
}

/** Notes that the means of a touched section are up to date: after `rampMeanOf` for all its ramps. */
export function noteSeen(section: u32): void {
  setU(slot(AT_SEEN_ONLINE), section, seenNow);
}

/**
 * Updates the mean activation of the ramp that ends in a tile of a touched section, by its mean over the learners. It
 * was silent in all samples that the section missed; after the last entry of the table, nothing is left of it.
 */
export function rampMeanOf(section: u32, tile: u32, activation: f32): f32 {
  const missed = min<u32>(seenBefore - getU(slot(AT_SEEN_ONLINE), section), <u32>DECAY_COUNT - 1);
  const decayed = getF(slot(AT_RAMP_MEAN), section * 4 + tile) * getF(AT_DECAYS, missed);
  const moved = decayed + rampShare * (activation - decayed);
  const mean: f32 = moved < <f32>MEAN_MIN ? <f32>0 : moved;
  setF(slot(AT_RAMP_MEAN), section * 4 + tile, mean);
  return mean;
}

/** End of the list, which a single sample writes to `touchedOf(0)`. */
export let touchedEnd: usize = 0;

export function setTouchedEnd(end: usize): void {
  touchedEnd = end;
}

/**
 * Updates the means of all sections that a single sample touches. Adds to `shiftsOf(0)`, for each tile, the sum of its
 * activations times their means.
 */
export function moveMeans(): void {
  const shifts = shiftsOf(0);
  const bytes = (<usize>slot(NEURON_BLOCK_COUNT) + 1) << 4;
  memory.fill(shifts, 0, SHIFT_SUMS * bytes);
  const hot = hotOf(0), means = slot(AT_RAMP_MEAN), seens = slot(AT_SEEN_ONLINE);
  const now = seenNow;
  const share = splat(rampShare);
  let p = touchedOf(0);
  for (; p + 3 * TOUCHED_BYTES < touchedEnd; p += 4 * TOUCHED_BYTES) {
    moveMean(p, hot, means, seens, now, share, shifts);
    moveMean(p + TOUCHED_BYTES, hot, means, seens, now, share, shifts + bytes);
    moveMean(p + 2 * TOUCHED_BYTES, hot, means, seens, now, share, shifts + 2 * bytes);
    moveMean(p + 3 * TOUCHED_BYTES, hot, means, seens, now, share, shifts + 3 * bytes);
  }
  for (; p < touchedEnd; p += TOUCHED_BYTES) moveMean(p, hot, means, seens, now, share, shifts);
  for (let at = shifts; at < shifts + bytes; at += 16) {
    const low = f32x4.add(v128.load(at), v128.load(at + bytes));
    const high = f32x4.add(v128.load(at + 2 * bytes), v128.load(at + 3 * bytes));
    v128.store(at, f32x4.add(low, high));
  }
}

/** One entry further in the table than the missed samples, the decay includes that by the sample itself. */
// @ts-ignore: decorator
@inline
function moveMean(p: usize, hot: usize, means: usize, seens: usize, now: u32, share: v128, shifts: usize): void {
  const a = v128.load(p);
  const offset = <usize>load<u32>(p, 16) - hot;
  const seen = seens + (offset >> 4);
  const mean = means + (offset >> 2);
  const entry = min<u32>(now - load<u32>(seen), <u32>DECAY_COUNT - 1);
  const decay = v128.load32_splat(AT_DECAYS + (<usize>entry << 2));
  const moved = settled(madd(v128.load(mean), decay, f32x4.mul(share, a)));
  v128.store(mean, moved);
  store<u32>(seen, now);
  const shift = shifts + load<u32>(p, 20);
  v128.store(shift, madd(a, moved, v128.load(shift)));
}
