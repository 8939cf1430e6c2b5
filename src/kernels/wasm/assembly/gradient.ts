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
  AT_SHUFFLES,
  AT_SOURCE,
  LEARNERS,
  STRIDE,
} from "../slots.ts";
import { HOT_IS_BACK, HOT_OPEN, HOT_RANGE, HOT_RISE, HOT_START, HOT_TARGET, hotOf } from "./hot.ts";
import { listsOf } from "./local.ts";
import { getF, getU, setF, slot } from "./memory.ts";
import { madd, sum } from "./vectors.ts";

/**
 * Item of a phase: a tile. Its deltas are summed, and for each section of its block the products of delta and
 * activation, and the activations, which are 0 where no learner touches the tile; then the gradient is not written.
 */
export function gradientTile(item: u32, thread: u32): void {
  const block = getU(slot(AT_NEURON_BLOCKS), item >> 2);
  const tile = item & 3;
  const stride = slot(STRIDE);
  const deltas = slot(AT_DELTA) + ((<usize>(block * 4 + tile) * stride) << 7);
  sumDeltas(deltas, slot(AT_DELTA_SUM) + ((<usize>block) << 9) + ((<usize>tile) << 7));
  const offsets = listsOf(thread);
  const activations = offsets + ((<usize>(stride + 8)) << 2);
  const places = slot(AT_PLACES) + ((<usize>block) << 11);
  const sections = getU(slot(AT_BLOCK_SECTIONS), block);
  for (let place: u32 = 0; place < sections; place++) {
    const section = getU(places, place);
    const hot = hotOf(section) + ((<usize>tile) << 2);
    let entries: u32 = 0;
    if (load<f32>(hot, HOT_RISE) > 0)
      entries =
        load<u32>(hotOf(section), HOT_TARGET) & HOT_IS_BACK
          ? constantActivations(section, hot, offsets, activations)
          : columnActivations(section, hot, offsets, activations);
    const total: f32 = entries == 0 ? 0 : sumActivations(activations, entries);
    setF(slot(AT_ACTIVATION_SUM), section * 4 + tile, total);
    const gradient = slot(AT_GRADIENT) + ((<usize>section) << 9) + ((<usize>tile) << 7);
    if (entries > 0) sumProducts(deltas, offsets, activations, entries, gradient);
  }
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

/** The learners that touch one lane of a section: offsets of their deltas, and activations. Returns how many. */
function columnActivations(section: u32, hot: usize, offsets: usize, activations: usize): u32 {
  const source = getU(slot(AT_SOURCE), section);
  const count = getU(slot(AT_COLUMN_COUNT), source);
  const column = (<usize>source * slot(STRIDE)) << 2;
  const columnOffsets = slot(AT_COLUMN_OFFSET) + column;
  const columnValues = slot(AT_COLUMN_VALUE) + column;
  const lower = v128.load32_splat(hotOf(section));
  const range = v128.load32_splat(hotOf(section), HOT_RANGE);
  const start = v128.load32_splat(hot, HOT_START);
  const rise = v128.load32_splat(hot, HOT_RISE);
  const limit = limitOf(section, hot);
  let entries: usize = 0;
  let ahead = i32x4(0, 1, 2, 3);
  for (let k: u32 = 0; k < count; k += 4) {
    const at = (<usize>k) << 2;
    const x = f32x4.pmin(f32x4.sub(v128.load(columnValues + at), lower), range);
    const a = f32x4.pmin(limit, f32x4.mul(f32x4.sub(x, start), rise));
    const isEntry = i32x4.lt_s(ahead, i32x4.splat(<i32>count));
    ahead = i32x4.add(ahead, i32x4.splat(4));
    const mask = i32x4.bitmask(v128.and(f32x4.gt(a, f32x4.splat(0)), isEntry));
    const shuffle = v128.load(AT_SHUFFLES + ((<usize>mask) << 4));
    v128.store(offsets + entries, v128.swizzle(v128.load(columnOffsets + at), shuffle));
    v128.store(activations + entries, v128.swizzle(a, shuffle));
    entries += (<usize>popcnt(mask)) << 2;
  }
  v128.store(activations + entries, f32x4.splat(0));
  return <u32>(entries >> 2);
}

/** The same for a source that shows its previous step's value to all samples. */
function constantActivations(section: u32, hot: usize, offsets: usize, activations: usize): u32 {
  const value = getF(slot(AT_LAST_VALUE), getU(slot(AT_SOURCE), section));
  if (!(value > 0)) return 0;
  const x = min(value - load<f32>(hotOf(section)), load<f32>(hotOf(section), HOT_RANGE));
  const rise = (x - load<f32>(hot, HOT_START)) * load<f32>(hot, HOT_RISE);
  const a = min(f32x4.extract_lane(limitOf(section, hot), 0), rise);
  if (!(a > 0)) return 0;
  const learners = slot(LEARNERS);
  for (let learner: u32 = 0; learner < learners; learner++) {
    store<u32>(offsets + ((<usize>learner) << 2), learner << 7);
    setF(activations, learner, a);
  }
  v128.store(activations + ((<usize>learners) << 2), f32x4.splat(0));
  return learners;
}

function limitOf(section: u32, hot: usize): v128 {
  return f32x4.splat(load<f32>(hot, HOT_START) == load<f32>(hotOf(section), HOT_OPEN) ? 2 : 1);
}

/** Sum of the list, behind which there are zeros. */
function sumActivations(activations: usize, entries: u32): f32 {
  let total = f32x4.splat(0);
  for (let k: u32 = 0; k < entries; k += 4) total = f32x4.add(total, v128.load(activations + ((<usize>k) << 2)));
  return sum(total);
}

function sumProducts(deltas: usize, offsets: usize, activations: usize, entries: u32, to: usize): void {
  const zero = f32x4.splat(0);
  let s0 = zero,
    s1 = zero,
    s2 = zero,
    s3 = zero,
    s4 = zero,
    s5 = zero,
    s6 = zero,
    s7 = zero;
  const end = offsets + ((<usize>entries) << 2);
  const toActivation = activations - offsets;
  for (let p = offsets; p < end; p += 4) {
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
