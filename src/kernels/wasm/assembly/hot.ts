/**
 * The hot record of a section: 64 bytes, one cache line, with everything that a visit needs. It is derived from the
 * state:
 *
 *   0 lower, 4 range                 as in the state
 *   8 limit                          growth handles a value only when it is above this
 *  12 next                           address of the next record of the same source, or 0
 *  16 cursors                        rank of the block * 16: offset of the cursors of its four tiles
 *  20 weights                        address of the 128 weights
 *  24 open                           start of the open ramp, NOT_OPEN when there is none, OF_INPUT in sections that an
 *                                    input feeds
 *  28 target                         hexagon of the block; HOT_IS_BACK is added when the source does not come before it
 *  32 start[4], 48 1 / width[4]      one lane per TILE of 32 targets, so that all activations are one clamp
 *
 * Lanes of unused ramps start at the largest float.
 *
 * The kernels follow these records from section to section and to weights and cursors, so everything in them is
 * bounds-checked here, whatever the state says. Lists run from newer sections to older ones: they end, and no section
 * is in one twice.
 */
import { APPEND_FROM, FLOAT_MAX, INPUT_RAMP_COUNT, NEURON_RAMP_COUNT, NONE } from "../../../network/constants.ts";
import {
  AT_BLOCK_HEXAGON,
  AT_ENDS,
  AT_HOT,
  AT_LOWER,
  AT_NEXT,
  AT_RAMPS,
  AT_RANGE,
  AT_SEED,
  AT_SOURCE,
  AT_TARGET,
  AT_TOLERANCE,
  AT_WEIGHT,
  FAULT,
  HEADER_BLOCKS,
  HEXAGON_BACK_COUNT,
  HEXAGON_BACKS,
  HEXAGON_COUNT,
  HEXAGON_KIND,
  HEXAGON_SOURCE_COUNT,
  HEXAGON_SOURCES,
  HOT_BYTES,
  KIND_MATCH,
  KIND_NEURON,
} from "../slots.ts";
import { getF, getU, header, hexagonAt, rankOf, setSlot, slot } from "./memory.ts";
import { yieldAfter } from "./yield-point.ts";

export const HOT_RANGE: usize = 4;
export const HOT_LIMIT: usize = 8;
export const HOT_NEXT: usize = 12;
export const HOT_CURSORS: usize = 16;
export const HOT_WEIGHTS: usize = 20;
export const HOT_OPEN: usize = 24;
export const HOT_TARGET: usize = 28;
export const HOT_START: usize = 32;
export const HOT_RISE: usize = 48;
export const NOT_OPEN: f32 = -1;
export const OF_INPUT: f32 = -2;
export const HOT_IS_BACK: u32 = 0x80000000;

/** Target of a refused record. */
const NO_HEXAGON: u32 = 0x7fffffff;

/** Address of a section's record. */
// @ts-ignore: decorator
@inline
export function hotOf(section: u32): usize {
  return slot(AT_HOT) + (<usize>section << 6);
}

/** The tile of its block that a run of 32 synapses ends in. */
// @ts-ignore: decorator
@inline
export function tileOfRun(seed: u32, run: u32): u32 {
  return ((((seed & 1) << 1) | 1) * run + (seed >> 8)) & 3;
}

/** The run of 32 synapses that ends in a tile. */
// @ts-ignore: decorator
@inline
export function runOfTile(seed: u32, tile: u32): u32 {
  // The factor 1 or 3 is its own inverse modulo 4.
  return (((seed & 1) << 1) | 1) * (tile - (seed >> 8)) & 3;
}

/**
 * Rewrites a section's record after its state changed. Sets FAULT when the section refers to something outside of the
 * state.
 */
export function refresh(section: u32): void {
  const hot = hotOf(section);
  const source = getU(slot(AT_SOURCE), section);
  const block = getU(slot(AT_TARGET), section);
  const ramps = getU(slot(AT_RAMPS), section);
  const next = getU(slot(AT_NEXT), section);
  const blocks = header(HEADER_BLOCKS);
  if (source >> 7 >= blocks || block >= blocks || (next != NONE && next >= section)) return refuse(hot);
  const origin = getU(slot(AT_BLOCK_HEXAGON), source >> 7);
  const target = getU(slot(AT_BLOCK_HEXAGON), block);
  if (!feeds(origin, target)) return refuse(hot);
  const kind = load<u32>(hexagonAt(origin), HEXAGON_KIND);
  if (ramps > <u32>(kind == KIND_NEURON ? NEURON_RAMP_COUNT : INPUT_RAMP_COUNT)) return refuse(hot);
  const range = getF(slot(AT_RANGE), section);
  const seed = getU(slot(AT_SEED), section);
  const ends = slot(AT_ENDS) + (<usize>section << 4);
  const reach: f32 = ramps == 0 ? 0 : getF(ends, ramps - 1);

  store<f32>(hot, getF(slot(AT_LOWER), section));
  store<f32>(hot, range, HOT_RANGE);
  store<f32>(hot, growthLimit(section, kind, ramps, reach, range), HOT_LIMIT);
  store<u32>(hot, next == NONE ? 0 : hotOf(next), HOT_NEXT);
  store<u32>(hot, rankOf(block) << 4, HOT_CURSORS);
  store<u32>(hot, slot(AT_WEIGHT) + (<usize>section << 9), HOT_WEIGHTS);
  // When the range ends where the ramps end, no ramp is open.
  const isOpen = kind == KIND_NEURON && ramps > 0 && range > reach;
  const open: f32 = isOpen ? (ramps == 1 ? 0 : getF(ends, ramps - 2)) : NOT_OPEN;
  store<f32>(hot, kind == KIND_NEURON ? open : OF_INPUT, HOT_OPEN);
  store<u32>(hot, origin >= target ? target | HOT_IS_BACK : target, HOT_TARGET);

  for (let run: u32 = 0; run < 4; run++) {
    const ramp = kind == KIND_NEURON ? run >> 1 : run;
    let start = <f32>FLOAT_MAX;
    let rise: f32 = 0;
    if (ramp < ramps) {
      const end = getF(ends, ramp);
      if (kind == KIND_MATCH) {
        // Fully active from `end` on: the ramp starts at the float just before `end`, so no value fits into it.
        start = reinterpret<f32>(reinterpret<u32>(end) - 1);
        rise = <f32>FLOAT_MAX;
      } else {
        start = ramp == 0 ? 0 : getF(ends, ramp - 1);
        rise = <f32>1 / (end - start);
      }
    }
    const lane = hot + (<usize>tileOfRun(seed, run) << 2);
    store<f32>(lane, start, HOT_START);
    store<f32>(lane, rise, HOT_RISE);
  }
}

/** True when `origin` is in the list of hexagons that feed `target`. The lists are ascending. */
function feeds(origin: u32, target: u32): bool {
  if (origin >= slot(HEXAGON_COUNT) || target >= slot(HEXAGON_COUNT)) return false;
  const record = hexagonAt(target);
  const isBack = origin >= target;
  const list = <usize>(isBack ? load<u32>(record, HEXAGON_BACKS) : load<u32>(record, HEXAGON_SOURCES));
  let from: u32 = 0;
  let end = isBack ? load<u32>(record, HEXAGON_BACK_COUNT) : load<u32>(record, HEXAGON_SOURCE_COUNT);
  while (from < end) {
    const middle = (from + end) >> 1;
    const found = getU(list, middle);
    if (found == origin) return true;
    if (found < origin) from = middle + 1;
    else end = middle;
  }
  return false;
}

/** Writes a record that ends its list, targets no hexagon and never grows. Sets FAULT. */
function refuse(hot: usize): void {
  memory.fill(hot, 0, HOT_BYTES);
  store<f32>(hot, <f32>FLOAT_MAX, HOT_LIMIT);
  store<u32>(hot, NO_HEXAGON, HOT_TARGET);
  setSlot(FAULT, 1);
}

function growthLimit(section: u32, kind: u32, ramps: u32, reach: f32, range: f32): f32 {
  if (kind == KIND_MATCH || ramps == 0 || getF(slot(AT_TOLERANCE), section) > 0) return 0;
  const from = <f32>APPEND_FROM * reach;
  return range <= from ? <f32>FLOAT_MAX : from;
}

/** Rewrites the records of sections `from` up to `end`. */
export function refreshRange(from: u32, end: u32): void {
  for (let section = from; section < end; section++) {
    refresh(section);
    if ((section & 31) == 31) yieldAfter(1);
  }
}
