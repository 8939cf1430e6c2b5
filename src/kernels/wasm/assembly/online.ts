/**
 * One sample at a time: everything runs in one thread, so growth, records and steps share their walks. A record is
 * (address of 32 weights, activation, slope of the activation, address of the source's delta); the backward half uses
 * the records of the forward half. STRIDE is 1, so values and deltas are in the order of the neurons.
 */
import { NONE, RECOVERIES_MAX, RECOVERY_VISITS } from "../../../network/constants.ts";
import {
  ACTIVE_STRIDE,
  AT_ACTIVE,
  AT_ACTIVE_COUNT,
  AT_BIAS,
  AT_BLOCK_SECTIONS,
  AT_DELTA,
  AT_DENOMINATOR,
  AT_LARGEST,
  AT_RECOVERIES,
  AT_SECTION_HEAD,
  AT_SOURCE,
  AT_VALUE,
  AT_VISITS,
  FLAG_SPLIT,
  HEADER_SECTIONS,
  HEXAGON_BLOCKS,
  HEXAGON_BLOCK_COUNT,
  HEXAGON_COUNT,
  HEXAGON_KIND,
  HEXAGON_ROLE,
  HEXAGON_SOURCES,
  HEXAGON_SOURCE_COUNT,
  HEXAGON_TARGET_COUNT,
  KIND_NEURON,
  ROLE_HIDDEN,
  TOUCHED_BYTES,
} from "../slots.ts";
import { growSection, recover } from "./grow-section.ts";
import {
  HOT_CURSORS,
  HOT_LIMIT,
  HOT_NEXT,
  HOT_RANGE,
  HOT_RISE,
  HOT_START,
  HOT_TARGET,
  HOT_WEIGHTS,
  hotOf,
  refresh,
} from "./hot.ts";
import { cursorsOf, startsOf } from "./local.ts";
import { getU, header, hexagonAt, hexagonOfBlock, rankOf, setU, slot } from "./memory.ts";
import { limits } from "./records.ts";
import { setTouchedEnd, touchedEnd } from "./online-means.ts";
import { computeValues, sumTile } from "./neurons.ts";
import { yieldAfter } from "./yield-point.ts";

/** Bytes of a record. Hexagons that no hidden neuron feeds have narrow ones, without slope and source. */
export const WIDE: usize = 16;
export const NARROW: usize = 8;

/** True when an active neuron of a hexagon has no sections. */
export function hasNewSources(hexagon: u32): bool {
  const record = hexagonAt(hexagon);
  const blocks = load<u32>(record, HEXAGON_BLOCK_COUNT);
  for (let j: u32 = 0; j < blocks; j++) {
    const block = getU(load<u32>(record, HEXAGON_BLOCKS), j);
    const active = slot(AT_ACTIVE) + <usize>block * ACTIVE_STRIDE;
    const end = active + getU(slot(AT_ACTIVE_COUNT), block);
    const heads = slot(AT_SECTION_HEAD) + (<usize>block << 9);
    for (let p = active; p < end; p++) if (getU(heads, load<u8>(p)) == NONE) return true;
  }
  return false;
}

/** Grows all sections that a hexagon feeds. Sets FLAG_SPLIT when it marks one for a split. */
export function growOne(hexagon: u32): void {
  const record = hexagonAt(hexagon);
  const isOfNeuron = load<u32>(record, HEXAGON_KIND) == KIND_NEURON;
  const blocks = load<u32>(record, HEXAGON_BLOCK_COUNT);
  const hot = hotOf(0);
  const sections = header(HEADER_SECTIONS);
  for (let j: u32 = 0; j < blocks; j++) {
    const block = getU(load<u32>(record, HEXAGON_BLOCKS), j);
    const active = slot(AT_ACTIVE) + <usize>block * ACTIVE_STRIDE;
    const values = slot(AT_VALUE) + (<usize>block << 9);
    const heads = slot(AT_SECTION_HEAD) + (<usize>block << 9);
    const count = getU(slot(AT_ACTIVE_COUNT), block);
    for (let k: u32 = 0; k < count; k++) {
      const n = <u32>load<u8>(active + k);
      const head = getU(heads, n);
      if (head >= sections) continue;
      const value = v128.load32_splat(values + (<usize>n << 2));
      for (let section = hot + (<usize>head << 6); section != 0; section = load<u32>(section, HOT_NEXT)) {
        if (isOfNeuron) look(section, value, true);
        else look(section, value, false);
      }
    }
    yieldAfter(1);
  }
}

/** Checks a section against its source's value, given in all lanes; mostly there is nothing to do. */
// @ts-ignore: decorator
@inline
function look(section: usize, value: v128, isOfNeuron: bool): void {
  const x = f32x4.pmin(f32x4.sub(value, v128.load32_splat(section)), v128.load32_splat(section, HOT_RANGE));
  if (f32x4.extract_lane(x, 0) > load<f32>(section, HOT_LIMIT)) growOneSection(section, f32x4.extract_lane(value, 0));
  else if (!isOfNeuron && f32x4.extract_lane(x, 0) > 0) countVisit(section, x);
}

function growOneSection(hot: usize, value: f32): void {
  const section = <u32>((hot - hotOf(0)) >> 6);
  const origin = hexagonOfBlock(getU(slot(AT_SOURCE), section) >> 7);
  if (growSection(section, load<u32>(origin, HEXAGON_KIND), value)) refresh(section);
  yieldAfter(1);
}

/** Outlier recovery of a section that needs no other growth. Values of match sections are always above their limit. */
// @ts-ignore: decorator
@inline
function countVisit(hot: usize, x: v128): void {
  const at = (hot - hotOf(0)) >> 4;
  if (load<u32>(slot(AT_RECOVERIES) + at) >= <u32>RECOVERIES_MAX) return;
  const visits = load<u32>(slot(AT_VISITS) + at) + 1;
  const largest = slot(AT_LARGEST) + at;
  v128.store32_lane(largest, f32x4.pmax(v128.load32_zero(largest), x), 0);
  store<u32>(slot(AT_VISITS) + at, visits);
  if (visits == RECOVERY_VISITS) endVisits(hot);
}

function endVisits(hot: usize): void {
  const section = <u32>((hot - hotOf(0)) >> 6);
  if (recover(section)) refresh(section);
}

/** True when a hexagon feeds only the next one. Its sections then grow in the walk that collects their records. */
export function growsAhead(hexagon: u32): bool {
  if (load<u32>(hexagonAt(hexagon), HEXAGON_TARGET_COUNT) != 1 || hexagon + 1 >= slot(HEXAGON_COUNT)) return false;
  const next = hexagonAt(hexagon + 1);
  const sources = load<u32>(next, HEXAGON_SOURCE_COUNT);
  return sources > 0 && getU(load<u32>(next, HEXAGON_SOURCES), sources - 1) == hexagon;
}

/**
 * Computes the values of a hexagon's neurons. Writes its records from `free` on; returns their end. With `isGrowing`,
 * the sections that the previous hexagon feeds grow as well; when one is marked for a split, everything must be
 * computed again after the split.
 */
export function forwardOne(hexagon: u32, free: usize, isGrowing: bool): usize {
  const record = hexagonAt(hexagon);
  const isWide = hasHiddenSource(record);
  const end = resetCursors(record, free, isWide ? WIDE : NARROW);
  const sources = load<u32>(record, HEXAGON_SOURCE_COUNT);
  for (let i: u32 = 0; i < sources; i++) {
    const origin = hexagonAt(getU(load<u32>(record, HEXAGON_SOURCES), i));
    const index = getU(load<u32>(record, HEXAGON_SOURCES), i);
    const isMixed = load<u32>(origin, HEXAGON_TARGET_COUNT) > 1;
    const grows = isGrowing && index + 1 == hexagon && !isMixed;
    if (load<u32>(origin, HEXAGON_KIND) == KIND_NEURON) {
      if (grows && isWide) collect(origin, hexagon, true, true, false, true);
      else if (isWide) collect(origin, hexagon, true, true, true, false);
      else collect(origin, hexagon, true, false, true, grows);
    } else if (grows && !isWide) collect(origin, hexagon, false, false, false, true);
    else if (isWide) collect(origin, hexagon, false, true, true, grows);
    else collect(origin, hexagon, false, false, true, false);
  }
  const blocks = load<u32>(record, HEXAGON_BLOCK_COUNT);
  for (let j: u32 = 0; j < blocks; j++) {
    const block = getU(load<u32>(record, HEXAGON_BLOCKS), j);
    if (isWide) sumBlock(block, WIDE);
    else sumBlock(block, NARROW);
    yieldAfter(1);
  }
  return end;
}

function resetCursors(record: usize, free: usize, size: usize): usize {
  const blocks = load<u32>(record, HEXAGON_BLOCK_COUNT);
  let at = free;
  for (let j: u32 = 0; j < blocks; j++) {
    const block = getU(load<u32>(record, HEXAGON_BLOCKS), j);
    // One more, because the record after the last one is written, too.
    const room = (<usize>getU(slot(AT_BLOCK_SECTIONS), block) + 1) * size;
    const starts = i32x4.add(i32x4.splat(<i32>at), i32x4.mul(i32x4.splat(<i32>room), i32x4(0, 1, 2, 3)));
    const inRank = <usize>rankOf(block) << 4;
    v128.store(startsOf(0) + inRank, starts);
    v128.store(cursorsOf(0) + inRank, starts);
    at += room * 4;
  }
  return at;
}

// @ts-ignore: decorator
@inline
function collect(origin: usize, hexagon: u32, isOpen: bool, isWide: bool, isMixed: bool, isGrowing: bool): void {
  const list = load<u32>(origin, HEXAGON_BLOCKS);
  const blocks = load<u32>(origin, HEXAGON_BLOCK_COUNT);
  const hot = hotOf(0);
  const sections = header(HEADER_SECTIONS);
  const cursors = cursorsOf(0);
  let touched = touchedEnd;
  for (let j: u32 = 0; j < blocks; j++) {
    const block = getU(list, j);
    const active = slot(AT_ACTIVE) + <usize>block * ACTIVE_STRIDE;
    const end = active + getU(slot(AT_ACTIVE_COUNT), block);
    const values = slot(AT_VALUE) + (<usize>block << 9);
    const heads = slot(AT_SECTION_HEAD) + (<usize>block << 9);
    const deltas = slot(AT_DELTA) + (<usize>rankOf(block) << 9);
    for (let p = active; p < end; p++) {
      const n = <u32>load<u8>(p);
      const head = getU(heads, n);
      if (head >= sections) continue;
      const value = v128.load32_splat(values + (<usize>n << 2));
      const delta = i32x4.splat(<i32>(deltas + (<usize>n << 2)));
      let section = hot + (<usize>head << 6);
      do {
        if (isGrowing) look(section, value, isOpen);
        if (!isMixed || load<u32>(section, HOT_TARGET) == hexagon)
          touched = append(section, value, delta, cursors, touched, isOpen, isWide);
        section = load<u32>(section, HOT_NEXT);
      } while (section != 0);
    }
    yieldAfter(1);
  }
  setTouchedEnd(touched);
}

/** Writes the records of a section, and to the list at `touched` when there are any. Returns the end of the list. */
// @ts-ignore: decorator
@inline
function append(
  section: usize,
  value: v128,
  delta: v128,
  cursors: usize,
  touched: usize,
  isOpen: bool,
  isWide: bool,
): usize {
  const above = f32x4.sub(value, v128.load32_splat(section));
  const range = v128.load32_splat(section, HOT_RANGE);
  const start = v128.load(section, HOT_START);
  const rise = v128.load(section, HOT_RISE);
  const limit = limits(section, start, isOpen);
  const x = f32x4.mul(f32x4.sub(f32x4.pmin(above, range), start), rise);
  const a = f32x4.pmin(limit, f32x4.pmax(f32x4.splat(0), x));
  const weights = i32x4.add(v128.load32_splat(section, HOT_WEIGHTS), i32x4(0, 128, 256, 384));
  const cursor = cursors + load<u32>(section, HOT_CURSORS);
  const at = v128.load(cursor);
  const isTouched = f32x4.gt(a, f32x4.splat(0));
  v128.store(touched, a);
  store<u32>(touched, <u32>section, 16);
  store<u32>(touched, load<u32>(section, HOT_CURSORS), 20);
  const end = v128.any_true(isTouched) ? touched + TOUCHED_BYTES : touched;
  const low = v128.shuffle<f32>(weights, a, 0, 4, 1, 5);
  const high = v128.shuffle<f32>(weights, a, 2, 6, 3, 7);
  if (!isWide) {
    v128.store64_lane(i32x4.extract_lane(at, 0), low, 0);
    v128.store64_lane(i32x4.extract_lane(at, 1), low, 1);
    v128.store64_lane(i32x4.extract_lane(at, 2), high, 0);
    v128.store64_lane(i32x4.extract_lane(at, 3), high, 1);
    v128.store(cursor, i32x4.add(at, v128.and(isTouched, i32x4.splat(8))));
    return end;
  }
  let slope = f32x4.splat(0);
  if (isOpen) slope = v128.and(rise, v128.and(f32x4.lt(a, limit), f32x4.le(above, range)));
  const lowBack = v128.shuffle<f32>(slope, delta, 0, 4, 1, 5);
  const highBack = v128.shuffle<f32>(slope, delta, 2, 6, 3, 7);
  v128.store(i32x4.extract_lane(at, 0), v128.shuffle<f64>(low, lowBack, 0, 2));
  v128.store(i32x4.extract_lane(at, 1), v128.shuffle<f64>(low, lowBack, 1, 3));
  v128.store(i32x4.extract_lane(at, 2), v128.shuffle<f64>(high, highBack, 0, 2));
  v128.store(i32x4.extract_lane(at, 3), v128.shuffle<f64>(high, highBack, 1, 3));
  v128.store(cursor, i32x4.add(at, v128.and(isTouched, i32x4.splat(16))));
  return end;
}

// @ts-ignore: decorator
@inline
function sumBlock(block: u32, size: usize): void {
  const inBlock = <usize>block << 9;
  const rank = <usize>rankOf(block);
  const values = slot(AT_VALUE) + inBlock;
  for (let tile: u32 = 0; tile < 4; tile++) {
    const bias = slot(AT_BIAS) + inBlock + (<usize>tile << 7);
    const to = values + (<usize>tile << 7);
    const word = (rank << 4) + (<usize>tile << 2);
    const first = <usize>load<u32>(startsOf(0) + word);
    const last = <usize>load<u32>(cursorsOf(0) + word);
    sumTile(first, last, size, bias, to);
  }
  const active = slot(AT_ACTIVE) + <usize>block * ACTIVE_STRIDE;
  const denominators = slot(AT_DENOMINATOR) + (rank << 9);
  setU(slot(AT_ACTIVE_COUNT), block, computeValues(values, denominators - values, active));
}

/** True when a hidden neuron feeds the hexagon of this record. */
export function hasHiddenSource(record: usize): bool {
  const sources = load<u32>(record, HEXAGON_SOURCE_COUNT);
  for (let i: u32 = 0; i < sources; i++)
    if (load<u32>(hexagonAt(getU(load<u32>(record, HEXAGON_SOURCES), i)), HEXAGON_ROLE) == ROLE_HIDDEN) return true;
  return false;
}
