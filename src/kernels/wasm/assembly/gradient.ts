/**
 * The section's weights learn: sums over the learners for every synapse, and the step that follows from them. An item
 * keeps the deltas of one or two tiles of 32 neurons in the cache while all sections of their block pass.
 */
import {
  AT_BIAS_SHIFT,
  AT_BLOCK_SECTIONS,
  AT_COLUMN_COUNT,
  AT_COLUMN_OFFSET,
  AT_COLUMN_VALUE,
  AT_DELTA,
  AT_DELTA_SUM,
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
import { HOT_IS_BACK, HOT_OPEN, HOT_RANGE, HOT_RISE, HOT_START, HOT_TARGET, hotOf, OF_INPUT, runOfTile, tileOfRun } from "./hot.ts";
import { listsOf, rampOf } from "./local.ts";
import { getF, getU, setF, setU, slot } from "./memory.ts";
import { centredGradient, meanOf, prepareStep, stepOfRamp, stepTile } from "./step-ramp.ts";
import { descendTile } from "./update.ts";
import { sum } from "./vectors.ts";

/**
 * Item of a phase: a tile. In batches it steps the ramps that inputs feed and that end in this tile, and of those that
 * neurons feed the ones that end in this and the next tile; online whatever ends in this tile.
 */
export function learnTile(item: u32, thread: u32): void {
  const block = getU(slot(AT_NEURON_BLOCKS), item >> 2);
  const tile = item & 3;
  if (slot(IS_BATCH) != 0) learnBatch(block, tile, thread);
  else learnOnline(block, tile, thread);
}

/** Address of the deltas of 32 neurons. */
// @ts-ignore: decorator
@inline
function deltasOf(block: u32, tile: u32): usize {
  return slot(AT_DELTA) + ((<usize>(block * 4 + tile) * slot(STRIDE)) << 7);
}

function learnBatch(block: u32, tile: u32, thread: u32): void {
  const second = (tile + 1) & 3;
  const deltas = deltasOf(block, tile);
  const secondDeltas = deltasOf(block, second);
  const lists = listsOf(thread);
  const gradient = rampOf(thread);
  const secondGradient = gradient + 128;
  const sums = slot(AT_DELTA_SUM) + (<usize>block << 9) + (<usize>tile << 7);
  // Another thread may be at it for its own tile.
  const secondSums = gradient + 256;
  const shift = slot(AT_BIAS_SHIFT) + (<usize>block << 10) + (<usize>tile << 8);
  memory.fill(shift, 0, 256);
  sumDeltas(deltas, sums);
  sumDeltas(secondDeltas, secondSums);
  prepareStep();
  const places = slot(AT_PLACES) + (<usize>block << 11);
  const sections = getU(slot(AT_BLOCK_SECTIONS), block);
  for (let place: u32 = 0; place < sections; place++) {
    const section = getU(places, place);
    const hot = hotOf(section);
    if (load<f32>(hot + (<usize>tile << 2), HOT_RISE) == 0) continue;
    const run = runOfTile(getU(slot(AT_SEED), section), tile);
    const secondRun = runOfTile(getU(slot(AT_SEED), section), second);
    const isOfInput = load<f32>(hot, HOT_OPEN) == OF_INPUT;
    if (!isOfInput && (run ^ secondRun) != 1) continue;
    if (!isTouched(section, hot)) continue;
    const entries = activationsOf(section, hot, tile, lists);
    const toValue = entriesValues - entriesOffsets;
    const mean = meanOf(entriesTotal);
    let squares = centredGradient(deltas, entriesOffsets, toValue, entries, sums, mean, gradient);
    if (isOfInput) {
      stepTile(section, tile, gradient, mean, stepOfRamp(section, run, squares, 32), shift);
      continue;
    }
    const others = centredGradient(secondDeltas, entriesOffsets, toValue, entries, secondSums, mean, secondGradient);
    const step = stepOfRamp(section, run >> 1, f32x4.add(squares, others), 64);
    stepTile(section, tile, gradient, mean, step, shift);
    stepTile(section, second, secondGradient, mean, step, shift + 128);
  }
}

function learnOnline(block: u32, tile: u32, thread: u32): void {
  const deltas = deltasOf(block, tile);
  const lists = listsOf(thread);
  sumDeltas(deltas, slot(AT_DELTA_SUM) + (<usize>block << 9) + (<usize>tile << 7));
  const places = slot(AT_PLACES) + (<usize>block << 11);
  const sections = getU(slot(AT_BLOCK_SECTIONS), block);
  for (let place: u32 = 0; place < sections; place++) {
    const section = getU(places, place);
    const hot = hotOf(section);
    if (load<f32>(hot + (<usize>tile << 2), HOT_RISE) == 0) continue;
    const entries = activationsOf(section, hot, tile, lists);
    if (entries > 0) descendTile(section, tile, deltas, entriesOffsets, entriesValues - entriesOffsets, entries);
  }
}

/** What the last list of activations is: addresses of the delta offsets and of the activations, and their sum. */
let entriesOffsets: usize = 0;
let entriesValues: usize = 0;
let entriesTotal: f32 = 0;

/** Lists the learners that touch one tile of a section. Returns how many. */
function activationsOf(section: u32, hot: usize, tile: u32, lists: usize): u32 {
  if (isBack(hot)) return constantActivations(section, hot, tile, lists);
  return columnActivations(section, hot, tile, lists);
}

// @ts-ignore: decorator
@inline
function isBack(hot: usize): bool {
  return (load<u32>(hot, HOT_TARGET) & HOT_IS_BACK) != 0;
}

/** Does any learner touch a section? Its first ramp then is one that it touches. */
function isTouched(section: u32, hot: usize): bool {
  const source = getU(slot(AT_SOURCE), section);
  const lower = load<f32>(hot);
  const range = load<f32>(hot, HOT_RANGE);
  const start = load<f32>(hot + (<usize>tileOfRun(getU(slot(AT_SEED), section), 0) << 2), HOT_START);
  if (isBack(hot)) return min(getF(slot(AT_LAST_VALUE), source) - lower, range) > start;
  const count = getU(slot(AT_COLUMN_COUNT), source);
  if (lower == 0 && start == 0) return count > 0;
  const values = slot(AT_COLUMN_VALUE) + ((<usize>source * slot(STRIDE)) << 2);
  for (let k: u32 = 0; k < count; k++) if (min(getF(values, k) - lower, range) > start) return true;
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
