/** Sums over the learners for every synapse, one tile of 32 neurons at a time. */
import {
  AT_ACTIVATION_SUM,
  AT_BLOCK_SECTIONS,
  AT_COLUMN_COUNT,
  AT_COLUMN_OFFSET,
  AT_COLUMN_VALUE,
  AT_DELTA,
  AT_DELTA_SUM,
  AT_GRADIENT,
  AT_LAST_VALUE,
  AT_NEURON_BLOCKS,
  AT_PLACES,
  AT_SEED,
  AT_SHUFFLES,
  AT_SOURCE,
  IS_BATCH,
  LEARNERS,
  STRIDE,
} from "../slots.ts";
import { HOT_IS_BACK, HOT_OPEN, HOT_RANGE, HOT_RISE, HOT_START, HOT_TARGET, hotOf, OF_INPUT, tileOfRun } from "./hot.ts";
import { listsOf } from "./local.ts";
import { getF, getU, setF, setU, slot } from "./memory.ts";
import { prepareStep, stepInputTile } from "./step-ramp.ts";
import { madd, sum } from "./vectors.ts";

/**
 * Item of a phase: a tile. Its deltas are summed, and for each section of its block the products of delta and
 * activation. In batches, a ramp that an input feeds has all its synapses in this tile and steps at once. For the
 * others the sums are kept: of the activations, 0 where no learner touches the tile, and the gradient otherwise.
 */
export function gradientTile(item: u32, thread: u32): void {
  const block = getU(slot(AT_NEURON_BLOCKS), item >> 2);
  const tile = item & 3;
  const stride = slot(STRIDE);
  const deltas = slot(AT_DELTA) + ((<usize>(block * 4 + tile) * stride) << 7);
  sumDeltas(deltas, slot(AT_DELTA_SUM) + ((<usize>block) << 9) + ((<usize>tile) << 7));
  const lists = listsOf(thread);
  const places = slot(AT_PLACES) + (<usize>block << 11);
  const sections = getU(slot(AT_BLOCK_SECTIONS), block);
  const isBatch = slot(IS_BATCH) != 0;
  if (isBatch) prepareStep();
  for (let place: u32 = 0; place < sections; place++) {
    const section = getU(places, place);
    const hot = hotOf(section);
    const isOfInput = load<f32>(hot, HOT_OPEN) == OF_INPUT;
    const isBack = (load<u32>(hot, HOT_TARGET) & HOT_IS_BACK) != 0;
    if (isOfInput && isBatch) {
      if (getU(slot(AT_COLUMN_COUNT), getU(slot(AT_SOURCE), section)) == 0) continue;
      if (!isTouched(section, hot)) continue;
      if (load<f32>(hot + (<usize>tile << 2), HOT_RISE) == 0) continue;
      const entries = columnActivations(section, hot, tile, lists);
      stepInputTile(section, block, tile, deltas, entriesOffsets, entriesValues, entries, entriesTotal);
      continue;
    }
    entriesTotal = 0;
    let entries: u32 = 0;
    if (load<f32>(hot + (<usize>tile << 2), HOT_RISE) > 0)
      entries = isBack ? constantActivations(section, hot, tile, lists) : columnActivations(section, hot, tile, lists);
    setF(slot(AT_ACTIVATION_SUM), section * 4 + tile, entriesTotal);
    if (entries > 0) sumProducts(deltas, entries, slot(AT_GRADIENT) + (<usize>section << 9) + (<usize>tile << 7));
  }
}

/** What the last list of activations is: addresses of the delta offsets and of the activations, and their sum. */
let entriesOffsets: usize = 0;
let entriesValues: usize = 0;
let entriesTotal: f32 = 0;

/** Does any learner touch a section that an input feeds? Its first ramp then is one that it touches. */
function isTouched(section: u32, hot: usize): bool {
  const lower = load<f32>(hot);
  const first = tileOfRun(getU(slot(AT_SEED), section), 0);
  const start = load<f32>(hot + (<usize>first << 2), HOT_START);
  if (lower == 0 && start == 0) return true;
  const source = getU(slot(AT_SOURCE), section);
  const count = getU(slot(AT_COLUMN_COUNT), source);
  const values = slot(AT_COLUMN_VALUE) + ((<usize>source * slot(STRIDE)) << 2);
  for (let k: u32 = 0; k < count; k++) if (min(getF(values, k) - lower, load<f32>(hot, HOT_RANGE)) > start) return true;
  return false;
}

function sumDeltas(deltas: usize, to: usize): void {
  const end = deltas + ((<usize>slot(LEARNERS)) << 7);
  for (let i: usize = 0; i < 128; i += 32) {
    let s0 = f32x4.splat(0),
      s1 = s0;
    for (let d = deltas + i; d < end; d += 128) {
      s0 = f32x4.add(s0, v128.load(d));
      s1 = f32x4.add(s1, v128.load(d, 16));
    }
    v128.store(to + i, s0);
    v128.store(to + i, s1, 16);
  }
}

/** The learners that touch one tile of a section: offsets of their deltas, and activations. Returns how many. */
function columnActivations(section: u32, hot: usize, tile: u32, lists: usize): u32 {
  const source = getU(slot(AT_SOURCE), section);
  const count = getU(slot(AT_COLUMN_COUNT), source);
  const column = (<usize>source * slot(STRIDE)) << 2;
  const columnOffsets = slot(AT_COLUMN_OFFSET) + column;
  const columnValues = slot(AT_COLUMN_VALUE) + column;
  const lane = hot + (<usize>tile << 2);
  const lower = v128.load32_splat(hot);
  const range = v128.load32_splat(hot, HOT_RANGE);
  const start = v128.load32_splat(lane, HOT_START);
  const rise = v128.load32_splat(lane, HOT_RISE);
  const limit = limitOf(hot, lane);
  const offsets = lists;
  const values = offsets + (<usize>(slot(STRIDE) + 8) << 2);
  let total = f32x4.splat(0);
  let ahead = i32x4(0, 1, 2, 3);
  let entries: usize = 0;
  const four = i32x4.splat(4);
  const end = i32x4.splat(<i32>count);
  // A first ramp that starts at 0 is touched by every active value.
  const isWhole = load<f32>(lane, HOT_START) == 0 && load<f32>(hot) == 0;
  for (let at: usize = 0; at < <usize>count << 2; at += 16) {
    const x = f32x4.pmin(f32x4.sub(v128.load(columnValues + at), lower), range);
    const a = f32x4.pmin(limit, f32x4.mul(f32x4.sub(x, start), rise));
    const isEntry = v128.and(f32x4.gt(a, f32x4.splat(0)), i32x4.lt_s(ahead, end));
    ahead = i32x4.add(ahead, four);
    const taken = v128.and(a, isEntry);
    total = f32x4.add(total, taken);
    if (isWhole) {
      v128.store(values + at, taken);
      continue;
    }
    const mask = i32x4.bitmask(isEntry);
    const shuffle = v128.load(AT_SHUFFLES + (<usize>mask << 4));
    v128.store(offsets + entries, v128.swizzle(v128.load(columnOffsets + at), shuffle));
    v128.store(values + entries, v128.swizzle(a, shuffle));
    entries += <usize>popcnt(mask) << 2;
  }
  entriesOffsets = isWhole ? columnOffsets : offsets;
  entriesValues = values;
  entriesTotal = sum(total);
  return isWhole ? count : <u32>(entries >> 2);
}

/** The same for a source that shows its previous step's value to all samples. */
function constantActivations(section: u32, hot: usize, tile: u32, lists: usize): u32 {
  const value = getF(slot(AT_LAST_VALUE), getU(slot(AT_SOURCE), section));
  if (!(value > 0)) return 0;
  const lane = hot + (<usize>tile << 2);
  const x = min(value - load<f32>(hot), load<f32>(hot, HOT_RANGE));
  const rise = (x - load<f32>(lane, HOT_START)) * load<f32>(lane, HOT_RISE);
  const a = min(f32x4.extract_lane(limitOf(hot, lane), 0), rise);
  if (!(a > 0)) return 0;
  const learners = slot(LEARNERS);
  entriesOffsets = lists;
  entriesValues = lists + (<usize>(slot(STRIDE) + 8) << 2);
  entriesTotal = a * <f32>learners;
  for (let learner: u32 = 0; learner < learners; learner++) {
    setU(entriesOffsets, learner, learner << 7);
    setF(entriesValues, learner, a);
  }
  return learners;
}

function limitOf(hot: usize, lane: usize): v128 {
  return f32x4.splat(load<f32>(lane, HOT_START) == load<f32>(hot, HOT_OPEN) ? 2 : 1);
}

/** Sums the products of the listed activations with their deltas. */
function sumProducts(deltas: usize, entries: u32, to: usize): void {
  const zero = f32x4.splat(0);
  let s0 = zero,
    s1 = zero,
    s2 = zero,
    s3 = zero,
    s4 = zero,
    s5 = zero,
    s6 = zero,
    s7 = zero;
  const toActivation = entriesValues - entriesOffsets;
  const end = entriesOffsets + (<usize>entries << 2);
  for (let p = entriesOffsets; p < end; p += 4) {
    const d = deltas + load<u32>(p);
    const a = v128.load32_splat(p + toActivation);
    s0 = madd(v128.load(d), a, s0);
    s1 = madd(v128.load(d, 16), a, s1);
    s2 = madd(v128.load(d, 32), a, s2);
    s3 = madd(v128.load(d, 48), a, s3);
    s4 = madd(v128.load(d, 64), a, s4);
    s5 = madd(v128.load(d, 80), a, s5);
    s6 = madd(v128.load(d, 96), a, s6);
    s7 = madd(v128.load(d, 112), a, s7);
  }
  v128.store(to, s0);
  v128.store(to, s1, 16);
  v128.store(to, s2, 32);
  v128.store(to, s3, 48);
  v128.store(to, s4, 64);
  v128.store(to, s5, 80);
  v128.store(to, s6, 96);
  v128.store(to, s7, 112);
}
