/**
 * Trains the weights of sections that neurons feed, and adds the resulting gradients to the deltas of their sources. An
 * item is a group of source neurons with all their sections that end in one hexagon, so no other item writes to either.
 */
import { NEURON_RAMP_COUNT, NEURON_RAMP_SIZE } from "../../../network/constants.ts";
import {
  AT_BIAS_SHIFT,
  AT_COLUMN_COUNT,
  AT_DELTA_MEAN,
  AT_SECTION_HEAD,
  AT_SEED,
  AT_TARGET,
  HEADER_SECTIONS,
  HEXAGON_BACK_COUNT,
  HEXAGON_BACKS,
  HEXAGON_BLOCK_COUNT,
  HEXAGON_BLOCKS,
  HEXAGON_ROLE,
  HEXAGON_SOURCE_COUNT,
  HEXAGON_SOURCES,
  IS_BATCH,
  ROLE_INPUT,
  SOURCE_ITEMS,
  STRIDE,
} from "../slots.ts";
import {
  isBack,
  isTouched,
  listActivations,
  listOffsets,
  listSlopes,
  listTotal,
  listValues,
  listWithSlopes,
} from "./activations.ts";
import { deltasOf, sumsOf } from "./backward.ts";
import { HOT_CURSORS, HOT_IS_BACK, HOT_NEXT, HOT_TARGET, hotOf, tileOfRun } from "./hot.ts";
import { listsOf, rampOf } from "./local.ts";
import { getU, header, hexagonAt, rampsOf, rankOf, slot } from "./memory.ts";
import { rampMeanOf } from "./online-means.ts";
import { descendTile, meanOf, prepareStep, stepOfRamp, stepTile, sumGradient, weightsOf } from "./step-ramp.ts";

/** Neurons of half a block, the smallest item; items of large networks have more, see `SOURCE_ITEMS`. */
const NEURONS: u32 = 64;

/** Number of items for the neurons that feed a hexagon; 0 when only inputs feed it. */
export function sourceItems(record: usize): u32 {
  const halves = halvesOf(record);
  const perItem = halvesPerItem(halves);
  return (halves + perItem - 1) / perItem;
}

// @ts-ignore: decorator
@inline
function halvesPerItem(halves: u32): u32 {
  return max<u32>(1, (halves + SOURCE_ITEMS - 1) / SOURCE_ITEMS);
}

function halvesOf(record: usize): u32 {
  return (
    countHalves(load<u32>(record, HEXAGON_SOURCES), load<u32>(record, HEXAGON_SOURCE_COUNT)) +
    countHalves(load<u32>(record, HEXAGON_BACKS), load<u32>(record, HEXAGON_BACK_COUNT))
  );
}

function countHalves(list: usize, count: u32): u32 {
  let halves: u32 = 0;
  for (let i: u32 = 0; i < count; i++) halves += halvesOfSource(hexagonAt(getU(list, i)));
  return halves;
}

// @ts-ignore: decorator
@inline
function halvesOfSource(origin: usize): u32 {
  return load<u32>(origin, HEXAGON_ROLE) == ROLE_INPUT ? 0 : load<u32>(origin, HEXAGON_BLOCK_COUNT) * 2;
}

/** Address where an item stores how far its steps shift the mean inputs of a block's neurons. */
// @ts-ignore: decorator
@inline
export function shiftOf(rank: u32, item: u32): usize {
  return slot(AT_BIAS_SHIFT) + (<usize>(rank * SOURCE_ITEMS + item) << 9);
}

/** Item of a phase: trains the sections of some source neurons. */
export function learnSources(hexagon: u32, item: u32, thread: u32): void {
  const record = hexagonAt(hexagon);
  const blocks = load<u32>(record, HEXAGON_BLOCK_COUNT);
  const list = load<u32>(record, HEXAGON_BLOCKS);
  for (let j: u32 = 0; j < blocks; j++) memory.fill(shiftOf(rankOf(getU(list, j)), item), 0, 512);
  prepareStep();
  const halves = halvesOf(record);
  const perItem = halvesPerItem(halves);
  const end = min<u32>(halves, (item + 1) * perItem);
  for (let half = item * perItem; half < end; half++) {
    const first = firstNeuron(record, half);
    if (slot(IS_BATCH) != 0) learnNeurons(hexagon, item, first, thread, true);
    else learnNeurons(hexagon, item, first, thread, false);
  }
}

/** The first neuron of a half block that feeds a hexagon; `half` counts them over all its sources. */
function firstNeuron(record: usize, half: u32): u32 {
  let left = half;
  const sources = load<u32>(record, HEXAGON_SOURCE_COUNT);
  const count = sources + load<u32>(record, HEXAGON_BACK_COUNT);
  for (let i: u32 = 0; i < count; i++) {
    const source = i < sources
      ? getU(load<u32>(record, HEXAGON_SOURCES), i)
      : getU(load<u32>(record, HEXAGON_BACKS), i - sources);
    const origin = hexagonAt(source);
    const its = halvesOfSource(origin);
    if (left < its) return getU(load<u32>(origin, HEXAGON_BLOCKS), left >> 1) * 128 + (left & 1) * NEURONS;
    left -= its;
  }
  return 0;
}

// @ts-ignore: decorator
@inline
function learnNeurons(hexagon: u32, item: u32, first: u32, thread: u32, isBatch: bool): void {
  const sections = header(HEADER_SECTIONS);
  for (let id = first; id < first + NEURONS; id++) {
    const head = getU(slot(AT_SECTION_HEAD), id);
    if (head >= sections) continue;
    for (let hot = hotOf(head); hot != 0; hot = load<u32>(hot, HOT_NEXT)) {
      if ((load<u32>(hot, HOT_TARGET) & ~HOT_IS_BACK) != hexagon) continue;
      const section = <u32>((hot - hotOf(0)) >> 6);
      if (isBack(hot)) {
        if (isTouched(section, hot)) learnSection(section, hot, id, item, thread, isBatch, false);
      } else if (getU(slot(AT_COLUMN_COUNT), id) > 0 && isTouched(section, hot))
        learnSection(section, hot, id, item, thread, isBatch, true);
    }
  }
}

// @ts-ignore: decorator
@inline
function learnSection(section: u32, hot: usize, id: u32, item: u32, thread: u32, isBatch: bool, hasSlopes: bool): void {
  const rank = load<u32>(hot, HOT_CURSORS) >> 4;
  const seed = getU(slot(AT_SEED), section);
  const ramps = min<u32>(NEURON_RAMP_COUNT, rampsOf(section));
  const lists = listsOf(thread);
  const products = lists + 3 * (<usize>(slot(STRIDE) + 8) << 2);
  const gradient = rampOf(thread);
  const shift = shiftOf(rank, item);
  for (let ramp: u32 = 0; ramp < ramps; ramp++) {
    const tile = tileOfRun(seed, ramp * 2);
    const second = tileOfRun(seed, ramp * 2 + 1);
    // Both tiles of a ramp have the same activations.
    const entries = hasSlopes ? listWithSlopes(section, hot, tile, lists) : listActivations(section, hot, tile, lists);
    const mean = meanOf(listTotal);
    const running = isBatch ? mean : rampMeanOf(section, tile, mean);
    if (!isBatch) rampMeanOf(section, second, mean);
    if (!isBatch && entries == 0) continue;
    const toValue = listValues - listOffsets;
    const weights = weightsOf(section, tile);
    const squares = sumGradient(
      deltasOf(rank, tile),
      listOffsets,
      toValue,
      entries,
      sumsOf(rank, tile),
      mean,
      gradient,
      weights,
      products,
      isBatch,
      hasSlopes,
      false,
    );
    const others = sumGradient(
      deltasOf(rank, second),
      listOffsets,
      toValue,
      entries,
      sumsOf(rank, second),
      mean,
      gradient + 128,
      weightsOf(section, second),
      products,
      isBatch,
      hasSlopes,
      true,
    );
    if (hasSlopes) addToSource(id, products, entries);
    if (isBatch) {
      const step = stepOfRamp(section, ramp, f32x4.add(squares, others), <f32>NEURON_RAMP_SIZE);
      stepTile(section, tile, gradient, mean, step, shift + (<usize>tile << 7));
      stepTile(section, second, gradient + 128, mean, step, shift + (<usize>second << 7));
    } else {
      const means = slot(AT_DELTA_MEAN) + (<usize>getU(slot(AT_TARGET), section) << 9);
      const one = <usize>tile << 7, other = <usize>second << 7;
      descendTile(weightsOf(section, tile), gradient, means + one, listTotal, running, shift + one);
      descendTile(weightsOf(section, second), gradient + 128, means + other, listTotal, running, shift + other);
    }
  }
}

/** Adds to a neuron's deltas, for each listed learner, the sum of its products (four lanes) times the slope. */
// @ts-ignore: decorator
@inline
function addToSource(id: u32, products: usize, entries: u32): void {
  const deltas = deltasOf(rankOf(id >> 7), (id >> 5) & 3) + (<usize>(id & 31) << 2);
  let from = products;
  const toSlope = listSlopes - listOffsets;
  const end = listOffsets + (<usize>entries << 2);
  for (let p = listOffsets; p < end; p += 16) {
    const p0 = v128.load(from), p1 = v128.load(from, 16), p2 = v128.load(from, 32), p3 = v128.load(from, 48);
    from += 64;
    const low = f32x4.add(v128.shuffle<f32>(p0, p1, 0, 4, 1, 5), v128.shuffle<f32>(p0, p1, 2, 6, 3, 7));
    const high = f32x4.add(v128.shuffle<f32>(p2, p3, 0, 4, 1, 5), v128.shuffle<f32>(p2, p3, 2, 6, 3, 7));
    const sums = f32x4.add(v128.shuffle<f32>(low, high, 0, 1, 4, 5), v128.shuffle<f32>(low, high, 2, 3, 6, 7));
    const added = f32x4.mul(sums, v128.load(p + toSlope));
    addTo(deltas + load<u32>(p), f32x4.extract_lane(added, 0));
    if (p + 4 < end) addTo(deltas + load<u32>(p, 4), f32x4.extract_lane(added, 1));
    if (p + 8 < end) addTo(deltas + load<u32>(p, 8), f32x4.extract_lane(added, 2));
    if (p + 12 < end) addTo(deltas + load<u32>(p, 12), f32x4.extract_lane(added, 3));
  }
}

// @ts-ignore: decorator
@inline
function addTo(delta: usize, added: f32): void {
  store<f32>(delta, load<f32>(delta) + added);
}
