/** Lists the learners that touch a tile of a section: offsets of their deltas, activations and slopes. */
import { OPEN_MAX } from "../../../network/constants.ts";
import {
  AT_COLUMN_COUNT,
  AT_COLUMN_OFFSET,
  AT_COLUMN_VALUE,
  AT_LAST_VALUE,
  AT_SEED,
  AT_SHUFFLES,
  AT_SOURCE,
  LEARNERS,
  STRIDE,
} from "../slots.ts";
import { columnBytes } from "./columns.ts";
import { HOT_IS_BACK, HOT_OPEN, HOT_RANGE, HOT_RISE, HOT_START, HOT_TARGET, tileOfRun } from "./hot.ts";
import { getF, getU, setF, setU, slot } from "./memory.ts";
import { sum } from "./vectors.ts";

/** Addresses of the last list: offsets of the deltas, activations, and their slopes over the source's value. */
export let listOffsets: usize = 0;
export let listValues: usize = 0;
export let listSlopes: usize = 0;
/** Sum of its activations. */
export let listTotal: f32 = 0;

/** True when a section's source shows its value of the previous step. */
// @ts-ignore: decorator
@inline
export function isBack(hot: usize): bool {
  return (load<u32>(hot, HOT_TARGET) & HOT_IS_BACK) != 0;
}

/** True when any learner touches a section. Such a learner touches its first ramp, so only that is checked. */
export function isTouched(section: u32, hot: usize): bool {
  const source = getU(slot(AT_SOURCE), section);
  const lower = load<f32>(hot);
  const range = load<f32>(hot, HOT_RANGE);
  const start = load<f32>(hot + (<usize>tileOfRun(getU(slot(AT_SEED), section), 0) << 2), HOT_START);
  if (isBack(hot)) return min(getF(slot(AT_LAST_VALUE), source) - lower, range) > start;
  const count = getU(slot(AT_COLUMN_COUNT), source);
  if (lower == 0 && start == 0) return count > 0;
  const values = slot(AT_COLUMN_VALUE) + <usize>(source * columnBytes());
  for (let k: u32 = 0; k < count; k++) if (min(getF(values, k) - lower, range) > start) return true;
  return false;
}

/** Writes the learners that touch one tile of a section to a thread's `lists`; returns their number. */
export function listActivations(section: u32, hot: usize, tile: u32, lists: usize): u32 {
  if (isBack(hot)) return listConstant(section, hot, tile, lists);
  return listColumn(section, hot, tile, lists, false);
}

/** The same with slopes: 0 where the tile is saturated or is not the last one that is touched. */
export function listWithSlopes(section: u32, hot: usize, tile: u32, lists: usize): u32 {
  return listColumn(section, hot, tile, lists, true);
}

// @ts-ignore: decorator
@inline
function listColumn(section: u32, hot: usize, tile: u32, lists: usize, hasSlopes: bool): u32 {
  const source = getU(slot(AT_SOURCE), section);
  const count = getU(slot(AT_COLUMN_COUNT), source);
  const column = <usize>(source * columnBytes());
  const columnOffsets = slot(AT_COLUMN_OFFSET) + column;
  const columnValues = slot(AT_COLUMN_VALUE) + column;
  const lane = hot + (<usize>tile << 2);
  const lower = v128.load32_splat(hot);
  const range = v128.load32_splat(hot, HOT_RANGE);
  const start = v128.load32_splat(lane, HOT_START);
  const rise = v128.load32_splat(lane, HOT_RISE);
  const limit = limitOf(hot, lane);
  const length = <usize>(slot(STRIDE) + 8) << 2;
  const values = lists + length;
  const slopes = values + length;
  let total = f32x4.splat(0);
  let ahead = i32x4(0, 1, 2, 3);
  let entries: usize = 0;
  const four = i32x4.splat(4);
  const end = i32x4.splat(<i32>count);
  // Every active value touches a first ramp that starts at 0.
  const isWhole = load<f32>(lane, HOT_START) == 0 && load<f32>(hot) == 0;
  for (let at: usize = 0; at < <usize>count << 2; at += 16) {
    const above = f32x4.sub(v128.load(columnValues + at), lower);
    const raw = f32x4.mul(f32x4.sub(f32x4.pmin(above, range), start), rise);
    const a = f32x4.pmin(limit, raw);
    const isEntry = v128.and(f32x4.gt(a, f32x4.splat(0)), i32x4.lt_s(ahead, end));
    ahead = i32x4.add(ahead, four);
    const taken = v128.and(a, isEntry);
    total = f32x4.add(total, taken);
    const moves = hasSlopes ? v128.and(f32x4.lt(raw, limit), f32x4.le(above, range)) : limit;
    if (isWhole) {
      v128.store(values + at, taken);
      if (hasSlopes) v128.store(slopes + at, v128.and(rise, v128.and(moves, isEntry)));
      continue;
    }
    const mask = i32x4.bitmask(isEntry);
    const shuffle = v128.load(AT_SHUFFLES + (<usize>mask << 4));
    v128.store(lists + entries, v128.swizzle(v128.load(columnOffsets + at), shuffle));
    v128.store(values + entries, v128.swizzle(a, shuffle));
    if (hasSlopes) v128.store(slopes + entries, v128.swizzle(v128.and(rise, moves), shuffle));
    entries += <usize>popcnt(mask) << 2;
  }
  listOffsets = isWhole ? columnOffsets : lists;
  listValues = values;
  listSlopes = slopes;
  listTotal = sum(total);
  return isWhole ? count : <u32>(entries >> 2);
}

/** Like `listColumn`, for a source that shows its value of the previous step to all samples. */
function listConstant(section: u32, hot: usize, tile: u32, lists: usize): u32 {
  listTotal = 0;
  const value = getF(slot(AT_LAST_VALUE), getU(slot(AT_SOURCE), section));
  if (!(value > 0)) return 0;
  const lane = hot + (<usize>tile << 2);
  const x = min(value - load<f32>(hot), load<f32>(hot, HOT_RANGE));
  const rise = (x - load<f32>(lane, HOT_START)) * load<f32>(lane, HOT_RISE);
  const a = min(f32x4.extract_lane(limitOf(hot, lane), 0), rise);
  if (!(a > 0)) return 0;
  const learners = slot(LEARNERS);
  listOffsets = lists;
  listValues = lists + (<usize>(slot(STRIDE) + 8) << 2);
  listTotal = a * <f32>learners;
  for (let learner: u32 = 0; learner < learners; learner++) {
    setU(listOffsets, learner, learner << 7);
    setF(listValues, learner, a);
  }
  return learners;
}

function limitOf(hot: usize, lane: usize): v128 {
  return f32x4.splat(load<f32>(lane, HOT_START) == load<f32>(hot, HOT_OPEN) ? <f32>OPEN_MAX : 1);
}
