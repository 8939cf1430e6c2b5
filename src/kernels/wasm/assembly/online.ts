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
  AT_ERROR,
  AT_LARGEST,
  AT_OUTPUT_BIAS,
  AT_READOUT,
  AT_RECOVERIES,
  AT_SECTION_HEAD,
  AT_SOURCE,
  AT_SPLIT,
  AT_TILE_BLOCK,
  AT_TILE_OUTPUT,
  AT_TILE_ROW,
  AT_VALUE,
  AT_VISITS,
  FLAG_NEW,
  FLAG_SPLIT,
  HEADER_SECTIONS,
  HEADER_TILES,
  HEXAGON_BLOCK_COUNT,
  HEXAGON_BLOCKS,
  HEXAGON_COUNT,
  HEXAGON_KIND,
  HEXAGON_ROLE,
  HEXAGON_SOURCE_COUNT,
  HEXAGON_SOURCES,
  HEXAGON_TARGET_COUNT,
  KIND_NEURON,
  OUTPUTS,
  RATE,
  ROLE_HIDDEN,
  ROLE_INPUT,
} from "../slots.ts";
import { LOG2_E } from "./curves.ts";
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
import { cursorsOf, recordsOf, startsOf } from "./local.ts";
import { floatSlot, getF, getU, header, hexagonAt, hexagonOfBlock, setF, setSlot, setU, slot } from "./memory.ts";
import { limits } from "./records.ts";
import { computeValues, sumTile } from "./neurons.ts";
import { outputsOf } from "./tiles.ts";
import { bounded, madd, sum } from "./vectors.ts";
import { PIECE_ROWS, yieldAfter } from "./yield-point.ts";

/** Bytes of a record. Hexagons that no hidden neuron feeds have narrow ones, without slope and source. */
const WIDE: usize = 16;
const NARROW: usize = 8;

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
    v128.store(startsOf(0) + (<usize>block << 4), starts);
    v128.store(cursorsOf(0) + (<usize>block << 4), starts);
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
  for (let j: u32 = 0; j < blocks; j++) {
    const block = getU(list, j);
    const active = slot(AT_ACTIVE) + <usize>block * ACTIVE_STRIDE;
    const end = active + getU(slot(AT_ACTIVE_COUNT), block);
    const values = slot(AT_VALUE) + (<usize>block << 9);
    const heads = slot(AT_SECTION_HEAD) + (<usize>block << 9);
    const deltas = slot(AT_DELTA) + (<usize>block << 9);
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
          append(section, value, delta, cursors, isOpen, isWide);
        section = load<u32>(section, HOT_NEXT);
      } while (section != 0);
    }
    yieldAfter(1);
  }
}

// @ts-ignore: decorator
@inline
function append(section: usize, value: v128, delta: v128, cursors: usize, isOpen: bool, isWide: bool): void {
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
  const low = v128.shuffle<f32>(weights, a, 0, 4, 1, 5);
  const high = v128.shuffle<f32>(weights, a, 2, 6, 3, 7);
  if (!isWide) {
    v128.store64_lane(i32x4.extract_lane(at, 0), low, 0);
    v128.store64_lane(i32x4.extract_lane(at, 1), low, 1);
    v128.store64_lane(i32x4.extract_lane(at, 2), high, 0);
    v128.store64_lane(i32x4.extract_lane(at, 3), high, 1);
    v128.store(cursor, i32x4.add(at, v128.and(isTouched, i32x4.splat(8))));
    return;
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
}

// @ts-ignore: decorator
@inline
function sumBlock(block: u32, size: usize): void {
  const inBlock = <usize>block << 9;
  const values = slot(AT_VALUE) + inBlock;
  for (let tile: u32 = 0; tile < 4; tile++) {
    const bias = slot(AT_BIAS) + inBlock + (<usize>tile << 7);
    const to = values + (<usize>tile << 7);
    const word = (<usize>block << 4) + (<usize>tile << 2);
    const first = <usize>load<u32>(startsOf(0) + word);
    const last = <usize>load<u32>(cursorsOf(0) + word);
    sumTile(first, last, size, bias, to);
  }
  const active = slot(AT_ACTIVE) + <usize>block * ACTIVE_STRIDE;
  setU(slot(AT_ACTIVE_COUNT), block, computeValues(values, slot(AT_DENOMINATOR) - slot(AT_VALUE), active));
}

/** The backward half: computes each delta with the old weights, which then step at once. */
export function learnOne(): void {
  const rate = f32x4.splat(floatSlot(RATE));
  const hexagons = slot(HEXAGON_COUNT);
  for (let hexagon: u32 = 0; hexagon < hexagons; hexagon++) {
    const record = hexagonAt(hexagon);
    if (load<u32>(record, HEXAGON_ROLE) == ROLE_INPUT) continue;
    const blocks = load<u32>(record, HEXAGON_BLOCK_COUNT);
    for (let j: u32 = 0; j < blocks; j++) {
      const deltas = slot(AT_DELTA) + (<usize>getU(load<u32>(record, HEXAGON_BLOCKS), j) << 9);
      for (let at = deltas; at < deltas + 512; at += 16) v128.store(at, f32x4.splat(0));
    }
  }
  stepReadout(rate);
  for (let hexagon = hexagons; hexagon-- > 0; ) {
    const record = hexagonAt(hexagon);
    if (load<u32>(record, HEXAGON_ROLE) == ROLE_INPUT) continue;
    const isWide = hasHiddenSource(record);
    const blocks = load<u32>(record, HEXAGON_BLOCK_COUNT);
    for (let j: u32 = 0; j < blocks; j++) {
      const block = getU(load<u32>(record, HEXAGON_BLOCKS), j);
      toInputs(block, rate);
      if (isWide) stepBlock(block, rate, true);
      else stepBlock(block, rate, false);
      yieldAfter(1);
    }
  }
}

function hasHiddenSource(record: usize): bool {
  const sources = load<u32>(record, HEXAGON_SOURCE_COUNT);
  for (let i: u32 = 0; i < sources; i++)
    if (load<u32>(hexagonAt(getU(load<u32>(record, HEXAGON_SOURCES), i)), HEXAGON_ROLE) == ROLE_HIDDEN) return true;
  return false;
}

/** Propagates the errors back through the readout weights; steps these and the output biases. */
function stepReadout(rate: v128): void {
  const tiles = header(HEADER_TILES);
  for (let entry: u32 = 0; entry < tiles; entry++) {
    const block = getU(slot(AT_TILE_BLOCK), entry);
    const count = outputsOf(entry);
    if (count == 0) continue;
    const errors = slot(AT_ERROR) + (<usize>getU(slot(AT_TILE_OUTPUT), entry) << 2);
    const rows = slot(AT_READOUT) + (<usize>getU(slot(AT_TILE_ROW), entry) << 9);
    for (let from: u32 = 0; from < count; from += PIECE_ROWS) {
      const some = min<u32>(PIECE_ROWS, count - from);
      stepRows(block, rows + (<usize>from << 9), errors + (<usize>from << 2), some, rate);
      yieldAfter(1);
    }
  }
  const outputs = slot(OUTPUTS);
  const bias = slot(AT_OUTPUT_BIAS);
  for (let k: u32 = 0; k < outputs; k++) {
    const after = f32x4.splat(getF(bias, k) - floatSlot(RATE) * getF(slot(AT_ERROR), k));
    setF(bias, k, f32x4.extract_lane(bounded(after), 0));
  }
}

/** The same for `count` rows of a block's readout weights. */
function stepRows(block: u32, rows: usize, errors: usize, count: u32, rate: v128): void {
  for (let i: usize = 0; i < 512; i += 32) {
    const d = slot(AT_DELTA) + (<usize>block << 9) + i;
    const y = slot(AT_VALUE) + (<usize>block << 9) + i;
    let d0 = v128.load(d), d1 = v128.load(d, 16);
    const y0 = f32x4.mul(v128.load(y), rate), y1 = f32x4.mul(v128.load(y, 16), rate);
    let w = rows + i;
    for (let k: u32 = 0; k < count; k++) {
      const u = v128.load32_splat(errors + (<usize>k << 2));
      const w0 = v128.load(w), w1 = v128.load(w, 16);
      d0 = madd(w0, u, d0);
      d1 = madd(w1, u, d1);
      v128.store(w, bounded(f32x4.sub(w0, f32x4.mul(u, y0))));
      v128.store(w, bounded(f32x4.sub(w1, f32x4.mul(u, y1))), 16);
      w += 512;
    }
    v128.store(d, d0);
    v128.store(d, d1, 16);
  }
}

/** Turns gradients over a block's values into gradients over its inputs, and steps the biases. */
function toInputs(block: u32, rate: v128): void {
  const at = <usize>block << 9;
  for (let i = at; i < at + 512; i += 16) {
    const d = slot(AT_DELTA) + i;
    const slope = f32x4.div(f32x4.splat(LOG2_E), v128.load(slot(AT_DENOMINATOR) + i));
    const isActive = f32x4.gt(v128.load(slot(AT_VALUE) + i), f32x4.splat(0));
    const delta = v128.and(bounded(f32x4.mul(v128.load(d), slope)), isActive);
    v128.store(d, delta);
    const bias = slot(AT_BIAS) + i;
    v128.store(bias, bounded(f32x4.sub(v128.load(bias), f32x4.mul(rate, delta))));
  }
}

// @ts-ignore: decorator
@inline
function descend(w: usize, before: v128, step: v128, delta: v128): void {
  v128.store(w, bounded(f32x4.sub(before, f32x4.mul(step, delta))));
}

// @ts-ignore: decorator
@inline
function stepBlock(block: u32, rate: v128, hasSources: bool): void {
  for (let tile: u32 = 0; tile < 4; tile++) {
    const d = slot(AT_DELTA) + (<usize>block << 9) + (<usize>tile << 7);
    const d0 = v128.load(d), d1 = v128.load(d, 16), d2 = v128.load(d, 32), d3 = v128.load(d, 48);
    const d4 = v128.load(d, 64), d5 = v128.load(d, 80), d6 = v128.load(d, 96), d7 = v128.load(d, 112);
    const word = (<usize>block << 4) + (<usize>tile << 2);
    const last = <usize>load<u32>(cursorsOf(0) + word);
    for (let p = <usize>load<u32>(startsOf(0) + word); p < last; p += hasSources ? WIDE : NARROW) {
      const w = <usize>load<u32>(p);
      const step = f32x4.mul(rate, v128.load32_splat(p, 4));
      const w0 = v128.load(w), w1 = v128.load(w, 16);
      descend(w, w0, step, d0);
      descend(w + 16, w1, step, d1);
      let s0 = f32x4.mul(d0, w0), s1 = f32x4.mul(d1, w1);
      const w2 = v128.load(w, 32), w3 = v128.load(w, 48);
      descend(w + 32, w2, step, d2);
      descend(w + 48, w3, step, d3);
      if (hasSources) { s0 = madd(d2, w2, s0); s1 = madd(d3, w3, s1); }
      const w4 = v128.load(w, 64), w5 = v128.load(w, 80);
      descend(w + 64, w4, step, d4);
      descend(w + 80, w5, step, d5);
      if (hasSources) { s0 = madd(d4, w4, s0); s1 = madd(d5, w5, s1); }
      const w6 = v128.load(w, 96), w7 = v128.load(w, 112);
      descend(w + 96, w6, step, d6);
      descend(w + 112, w7, step, d7);
      if (!hasSources) continue;
      s0 = madd(d6, w6, s0);
      s1 = madd(d7, w7, s1);
      const source = <usize>load<u32>(p, 12);
      store<f32>(source, load<f32>(source) + sum(f32x4.add(s0, s1)) * load<f32>(p, 8));
    }
  }
}
