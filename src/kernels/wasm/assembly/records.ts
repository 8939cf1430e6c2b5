/**
 * Records: the summands of a hexagon's tiles of 32 neurons, collected per tile and sample. The walk visits the sections
 * of every active source; each section appends a record to the tiles that it touches. There is no branch on the touched
 * tiles: all four records are written, and only the cursors of touched tiles move.
 *
 * A record is (address of 32 weights, activation), 8 bytes.
 */
import { OPEN_MAX } from "../../../network/constants.ts";
import {
  ACTIVE_STRIDE,
  AT_ACTIVE,
  AT_ACTIVE_COUNT,
  AT_BLOCK_SECTIONS,
  AT_LAST_VALUE,
  AT_SECTION_HEAD,
  AT_VALUE,
  HEADER_SECTIONS,
  HEXAGON_BACK_COUNT,
  HEXAGON_BACKS,
  HEXAGON_BLOCK_COUNT,
  HEXAGON_BLOCKS,
  HEXAGON_KIND,
  HEXAGON_SOURCE_COUNT,
  HEXAGON_SOURCES,
  HEXAGON_TARGET_COUNT,
  KIND_NEURON,
  STRIDE,
} from "../slots.ts";
import {
  HOT_CURSORS,
  HOT_IS_BACK,
  HOT_NEXT,
  HOT_OPEN,
  HOT_RANGE,
  HOT_RISE,
  HOT_START,
  HOT_TARGET,
  HOT_WEIGHTS,
  hotOf,
} from "./hot.ts";
import { cursorsOf, recordsOf, startsOf } from "./local.ts";
import { getF, getU, header, hexagonAt, rankOf, slot } from "./memory.ts";
import { yieldAfter } from "./yield-point.ts";

/** Bytes from one sample's starts to the next sample's. */
export function startStride(hexagon: u32): usize {
  return <usize>load<u32>(hexagonAt(hexagon), HEXAGON_BLOCK_COUNT) << 4;
}

/** Points every tile's cursor to the start of its records. */
function resetCursors(thread: u32, record: usize, samples: u32): void {
  const blocks = load<u32>(record, HEXAGON_BLOCK_COUNT);
  const cursors = cursorsOf(thread);
  let at = recordsOf(thread);
  for (let j: u32 = 0; j < blocks; j++) {
    const block = getU(load<u32>(record, HEXAGON_BLOCKS), j);
    // One more, because the record after the last one is written, too.
    const room = (getU(slot(AT_BLOCK_SECTIONS), block) * samples + 1) * 8;
    for (let tile: u32 = 0; tile < 4; tile++) {
      store<u32>(cursors + (<usize>rankOf(block) << 4) + (tile << 2), <u32>at);
      at += room;
    }
  }
}

/** Stores the starts of the next sample's records. */
// @ts-ignore: decorator
@inline
function noteStarts(cursors: usize, starts: usize, list: usize, blocks: u32): void {
  for (let j: u32 = 0; j < blocks; j++)
    v128.store(starts + (<usize>j << 4), v128.load(cursors + (<usize>rankOf(getU(list, j)) << 4)));
}

/** Collects the forward records of a hexagon for samples `from` up to `end` of the step. */
export function collectForward(hexagon: u32, from: u32, end: u32, thread: u32): void {
  const record = hexagonAt(hexagon);
  resetCursors(thread, record, end - from);
  const cursors = cursorsOf(thread);
  const list = load<u32>(record, HEXAGON_BLOCKS);
  const blocks = load<u32>(record, HEXAGON_BLOCK_COUNT);
  const sources = load<u32>(record, HEXAGON_SOURCES);
  const sourceCount = load<u32>(record, HEXAGON_SOURCE_COUNT);
  const backCount = load<u32>(record, HEXAGON_BACK_COUNT);
  let starts = startsOf(thread);
  for (let q = from; q < end; q++) {
    noteStarts(cursors, starts, list, blocks);
    starts += <usize>blocks << 4;
    for (let i: u32 = 0; i < sourceCount; i++) {
      const origin = hexagonAt(getU(sources, i));
      const isOpen = load<u32>(origin, HEXAGON_KIND) == KIND_NEURON;
      // When a source hexagon feeds only this one, its sections end here: `refresh` writes no other record. Checking
      // each section costs requests 4 %, and single samples more.
      if (load<u32>(origin, HEXAGON_TARGET_COUNT) == 1) {
        if (isOpen) visitSources(origin, q, hexagon, cursors, true, false);
        else visitSources(origin, q, hexagon, cursors, false, false);
      } else if (isOpen) visitSources(origin, q, hexagon, cursors, true, true);
      else visitSources(origin, q, hexagon, cursors, false, true);
    }
    if (backCount > 0) visitBacks(record, hexagon, cursors);
  }
  noteStarts(cursors, starts, list, blocks);
}

// @ts-ignore: decorator
@inline
function visitSources(origin: usize, q: u32, hexagon: u32, cursors: usize, isOpen: bool, isMixed: bool): void {
  const list = load<u32>(origin, HEXAGON_BLOCKS);
  const blocks = load<u32>(origin, HEXAGON_BLOCK_COUNT);
  const hot = hotOf(0);
  const sections = header(HEADER_SECTIONS);
  for (let j: u32 = 0; j < blocks; j++) {
    const block = getU(list, j);
    const place = block * slot(STRIDE) + q;
    // A moving pointer stays in a register; the address of a list's element would be computed again every time.
    const active = slot(AT_ACTIVE) + <usize>place * ACTIVE_STRIDE;
    const end = active + getU(slot(AT_ACTIVE_COUNT), place);
    const values = slot(AT_VALUE) + (<usize>place << 9);
    const heads = slot(AT_SECTION_HEAD) + (<usize>block << 9);
    for (let p = active; p < end; p++) {
      const n = <u32>load<u8>(p);
      const head = getU(heads, n);
      if (head >= sections) continue;
      const value = v128.load32_splat(values + (<usize>n << 2));
      let section = hot + (<usize>head << 6);
      do {
        if (!isMixed || load<u32>(section, HOT_TARGET) == hexagon) appendForward(section, value, cursors, isOpen);
        section = load<u32>(section, HOT_NEXT);
      } while (section != 0);
    }
    yieldAfter(1);
  }
}

/**
 * Visits the sources that are not computed yet: they show their values of the previous step, the same in all samples.
 */
function visitBacks(record: usize, hexagon: u32, cursors: usize): void {
  const backs = load<u32>(record, HEXAGON_BACKS);
  const backCount = load<u32>(record, HEXAGON_BACK_COUNT);
  const sections = header(HEADER_SECTIONS);
  for (let i: u32 = 0; i < backCount; i++) {
    const origin = hexagonAt(getU(backs, i));
    const blocks = load<u32>(origin, HEXAGON_BLOCK_COUNT);
    for (let j: u32 = 0; j < blocks; j++) {
      const first = getU(load<u32>(origin, HEXAGON_BLOCKS), j) * 128;
      for (let id = first; id < first + 128; id++) {
        const value = getF(slot(AT_LAST_VALUE), id);
        const head = getU(slot(AT_SECTION_HEAD), id);
        if (!(value > 0) || head >= sections) continue;
        for (let section = hotOf(head); section != 0; section = load<u32>(section, HOT_NEXT))
          if (load<u32>(section, HOT_TARGET) == (hexagon | HOT_IS_BACK))
            appendForward(section, f32x4.splat(value), cursors, true);
      }
    }
  }
}

/** Activations of a section's four tiles for a source value, given in all lanes. */
// @ts-ignore: decorator
@inline
export function activations(section: usize, value: v128, isOpen: bool): v128 {
  const x = f32x4.pmin(f32x4.sub(value, v128.load32_splat(section)), v128.load32_splat(section, HOT_RANGE));
  const start = v128.load(section, HOT_START);
  const rise = f32x4.mul(f32x4.sub(x, start), v128.load(section, HOT_RISE));
  return f32x4.pmin(limits(section, start, isOpen), f32x4.pmax(f32x4.splat(0), rise));
}

/** Upper bounds of the activations: OPEN_MAX in the tiles of the open ramp, else 1. */
// @ts-ignore: decorator
@inline
export function limits(section: usize, start: v128, isOpen: bool): v128 {
  const one = f32x4.splat(1);
  if (!isOpen) return one;
  return f32x4.add(
    one,
    v128.and(f32x4.eq(start, v128.load32_splat(section, HOT_OPEN)), f32x4.splat(<f32>OPEN_MAX - 1)),
  );
}

// @ts-ignore: decorator
@inline
function appendForward(section: usize, value: v128, cursors: usize, isOpen: bool): void {
  const a = activations(section, value, isOpen);
  const weights = i32x4.add(v128.load32_splat(section, HOT_WEIGHTS), i32x4(0, 128, 256, 384));
  const cursor = cursors + load<u32>(section, HOT_CURSORS);
  const at = v128.load(cursor);
  const low = v128.shuffle<f32>(weights, a, 0, 4, 1, 5);
  const high = v128.shuffle<f32>(weights, a, 2, 6, 3, 7);
  v128.store64_lane(i32x4.extract_lane(at, 0), low, 0);
  v128.store64_lane(i32x4.extract_lane(at, 1), low, 1);
  v128.store64_lane(i32x4.extract_lane(at, 2), high, 0);
  v128.store64_lane(i32x4.extract_lane(at, 3), high, 1);
  v128.store(cursor, i32x4.add(at, v128.and(f32x4.gt(a, f32x4.splat(0)), i32x4.splat(8))));
}
