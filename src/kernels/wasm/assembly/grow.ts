/** Growth: every section checks its source's values, samples in order. */
import { NONE, RECOVERIES_MAX, RECOVERY_SHARE, RECOVERY_VISITS } from "../../../network/constants.ts";
import {
  AT_ENDS,
  AT_LARGEST,
  AT_RECOVERIES,
  AT_SECTION_HEAD,
  AT_TOP,
  AT_VALUE,
  AT_VISITED,
  AT_VISITS,
  FIRST_SECTION,
  FLAG_NEW,
  HEADER_SECTIONS,
  HEXAGON_BLOCKS,
  HEXAGON_KIND,
  KIND_INPUT,
  SAMPLES,
  STRIDE,
} from "../slots.ts";
import { growSection } from "./grow-section.ts";
import { HOT_LIMIT, HOT_NEXT, HOT_RANGE, hotOf, refresh } from "./hot.ts";
import { getF, getU, header, hexagonAt, rampsOf, setF, setSlot, setU, slot } from "./memory.ts";
import { store16 } from "./vectors.ts";

/**
 * Item of a phase: grows the sections that one block of a hexagon feeds. Most have nothing to do, which the largest
 * value of each source shows. Sources that are positive for the first time are left to the allocation.
 */
export function growBlock(hexagon: u32, item: u32): void {
  const record = hexagonAt(hexagon);
  const kind = load<u32>(record, HEXAGON_KIND);
  const block = getU(load<u32>(record, HEXAGON_BLOCKS), item);
  findTops(block);
  const top = slot(AT_TOP) + ((<usize>block) << 9);
  const visited = slot(AT_VISITED) + ((<usize>block) << 9);
  const heads = slot(AT_SECTION_HEAD) + ((<usize>block) << 9);
  const sections = header(HEADER_SECTIONS);
  for (let n: u32 = 0; n < 128; n++) {
    const largest = getF(top, n);
    if (!(largest > 0)) continue;
    const head = getU(heads, n);
    if (head == NONE) setSlot(FLAG_NEW, 1);
    else if (head < sections) growList(hotOf(head), kind, block, n, largest, getU(visited, n));
  }
}

/** Item of a phase: the same for the sections from FIRST_SECTION on. */
export function growNew(hexagon: u32, item: u32): void {
  const record = hexagonAt(hexagon);
  const kind = load<u32>(record, HEXAGON_KIND);
  const block = getU(load<u32>(record, HEXAGON_BLOCKS), item);
  const heads = slot(AT_SECTION_HEAD) + ((<usize>block) << 9);
  const first = slot(FIRST_SECTION);
  const sections = header(HEADER_SECTIONS);
  for (let n: u32 = 0; n < 128; n++) {
    const head = getU(heads, n);
    if (head >= sections || head < first) continue;
    const top = getF(slot(AT_TOP), block * 128 + n);
    growList(hotOf(head), kind, block, n, top, getU(slot(AT_VISITED), block * 128 + n));
  }
}

function growList(first: usize, kind: u32, block: u32, n: u32, largest: f32, visited: u32): void {
  for (let hot = first; hot != 0; hot = load<u32>(hot, HOT_NEXT)) {
    const x = min(largest - load<f32>(hot), load<f32>(hot, HOT_RANGE));
    if (!(x > 0)) continue;
    const section = <u32>((hot - hotOf(0)) >> 6);
    if (x > load<f32>(hot, HOT_LIMIT)) growSlowly(section, kind, block, n);
    else if (kind == KIND_INPUT) countVisits(section, hot, block, n, x, visited);
  }
}

/** Outlier recovery of a section that needs no other growth. */
function countVisits(section: u32, hot: usize, block: u32, n: u32, x: f32, visited: u32): void {
  const ramps = rampsOf(section);
  if (getU(slot(AT_RECOVERIES), section) >= <u32>RECOVERIES_MAX || ramps == 0) return;
  const lower = load<f32>(hot);
  let visits = getU(slot(AT_VISITS), section);
  let largest = getF(slot(AT_LARGEST), section);
  // Sections that do not start at 0 may have fewer visits than `visited`, so they are counted below.
  if (lower == 0 && visits + visited < <u32>RECOVERY_VISITS) {
    setU(slot(AT_VISITS), section, visits + visited);
    setF(slot(AT_LARGEST), section, max(largest, x));
    return;
  }
  const enough = getF(slot(AT_ENDS), section * 4 + ramps - 1) * <f32>RECOVERY_SHARE;
  const samples = slot(SAMPLES);
  const lowers = v128.load32_splat(hot);
  const ranges = v128.load32_splat(hot, HOT_RANGE);
  // Each lane holds a maximum; `highest` takes the largest of them.
  let tops = f32x4.splat(largest);
  let at = slot(AT_VALUE) + ((<usize>block * slot(STRIDE)) << 9) + (<usize>n << 2);
  for (let q: u32 = 0; q < samples; ) {
    if (q + 4 <= samples) {
      const seen = f32x4.sub(load4(at), lowers);
      const more = visits + popcnt(i32x4.bitmask(f32x4.gt(seen, f32x4.splat(0))));
      if (more < <u32>RECOVERY_VISITS) {
        visits = more;
        tops = f32x4.pmax(tops, f32x4.pmin(seen, ranges));
        at += 4 * 512;
        q += 4;
        continue;
      }
    }
    // One by one when the check may fall between two of the samples.
    const one = f32x4.sub(v128.load32_splat(at), lowers);
    tops = f32x4.pmax(tops, f32x4.pmin(one, ranges));
    visits += u32(f32x4.extract_lane(one, 0) > 0);
    at += 512;
    q++;
    if (visits < <u32>RECOVERY_VISITS) continue;
    if (highest(tops) < enough) return growSlowly(section, KIND_INPUT, block, n);
    visits = 0;
    tops = f32x4.splat(0);
  }
  setU(slot(AT_VISITS), section, visits);
  setF(slot(AT_LARGEST), section, highest(tops));
}

/** A neuron's values in four samples. */
// @ts-ignore: decorator
@inline
function load4(at: usize): v128 {
  const x0 = v128.load32_zero(at);
  const x1 = v128.load32_lane(at, x0, 1, 512);
  const x2 = v128.load32_lane(at, x1, 2, 1024);
  return v128.load32_lane(at, x2, 3, 1536);
}

/** The largest lane. */
// @ts-ignore: decorator
@inline
function highest(x: v128): f32 {
  const half = f32x4.pmax(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  return max(f32x4.extract_lane(half, 0), f32x4.extract_lane(half, 1));
}

function growSlowly(section: u32, kind: u32, block: u32, n: u32): void {
  const samples = slot(SAMPLES);
  let at = slot(AT_VALUE) + ((<usize>block * slot(STRIDE)) << 9) + ((<usize>n) << 2);
  let isChanged = false;
  for (let q: u32 = 0; q < samples; q++) {
    const value = load<f32>(at);
    if (value > 0 && growSection(section, kind, value)) isChanged = true;
    at += 512;
  }
  if (isChanged) refresh(section);
}

/** Finds each neuron's largest value of the step, and the number of samples in which it was positive. */
function findTops(block: u32): void {
  const samples = slot(SAMPLES);
  const zero = f32x4.splat(0);
  for (let i: usize = 0; i < 512; i += 64) {
    let at = slot(AT_VALUE) + ((<usize>block * slot(STRIDE)) << 9) + i;
    let top0 = zero,
      top1 = zero,
      top2 = zero,
      top3 = zero;
    let count0 = zero,
      count1 = zero,
      count2 = zero,
      count3 = zero;
    for (let q: u32 = 0; q < samples; q++) {
      const x0 = v128.load(at),
        x1 = v128.load(at, 16),
        x2 = v128.load(at, 32),
        x3 = v128.load(at, 48);
      // The lanes of a comparison are 0 or -1.
      count0 = i32x4.sub(count0, f32x4.gt(x0, zero));
      count1 = i32x4.sub(count1, f32x4.gt(x1, zero));
      count2 = i32x4.sub(count2, f32x4.gt(x2, zero));
      count3 = i32x4.sub(count3, f32x4.gt(x3, zero));
      top0 = f32x4.pmax(top0, x0);
      top1 = f32x4.pmax(top1, x1);
      top2 = f32x4.pmax(top2, x2);
      top3 = f32x4.pmax(top3, x3);
      at += 512;
    }
    const top = slot(AT_TOP) + ((<usize>block) << 9) + i;
    store16(top, top0, top1, top2, top3);
    const visited = slot(AT_VISITED) + ((<usize>block) << 9) + i;
    store16(visited, count0, count1, count2, count3);
  }
}
