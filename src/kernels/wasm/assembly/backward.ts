/**
 * Deltas: the gradients of the error over the neurons. Those of a tile of 32 neurons are contiguous for all learners.
 */
import {
  AT_DELTA,
  AT_DELTA_SUM,
  AT_ERROR,
  AT_LEARNERS,
  AT_NEURON_BLOCKS,
  AT_READOUT,
  AT_TILE_BLOCK,
  AT_TILE_OUTPUT,
  AT_TILE_ROW,
  HEADER_TILES,
  HEXAGON_BLOCKS,
  HEXAGON_ROLE,
  LEARNERS,
  OUTPUTS,
  ROLE_OUTPUT,
  STRIDE,
} from "../slots.ts";
import { LOG2_E } from "./curves.ts";
import { denominatorsOf, valuesOf } from "./forward.ts";
import { getU, header, hexagonAt, hexagonOfBlock, rankOf, slot } from "./memory.ts";
import { outputsOf } from "./tiles.ts";
import { bounded, madd, splat, store16 } from "./vectors.ts";
import { PIECE_ROWS, yieldAfter } from "./yield-point.ts";

/** Address of the deltas of a tile of the block with this rank. */
// @ts-ignore: decorator
@inline
export function deltasOf(rank: u32, tile: u32): usize {
  return slot(AT_DELTA) + ((<usize>(rank * 4 + tile) * slot(STRIDE)) << 7);
}

/** Address of the sums of a tile's deltas over the learners. */
// @ts-ignore: decorator
@inline
export function sumsOf(rank: u32, tile: u32): usize {
  return slot(AT_DELTA_SUM) + (<usize>rank << 9) + (<usize>tile << 7);
}

/**
 * Item of a phase: starts the deltas of a tile. For output hexagons, adds the gradients from the outputs, which
 * completes them.
 */
export function beginTile(item: u32): void {
  const block = getU(slot(AT_NEURON_BLOCKS), item >> 2);
  const tile = item & 3;
  memory.fill(deltasOf(rankOf(block), tile), 0, <usize>slot(LEARNERS) << 7);
  if (load<u32>(hexagonOfBlock(block), HEXAGON_ROLE) != ROLE_OUTPUT) return;
  const entries = header(HEADER_TILES);
  for (let entry: u32 = 0; entry < entries; entry++)
    if (getU(slot(AT_TILE_BLOCK), entry) == block) addReadout(entry, block, tile);
  slopeTile(block, tile);
}

/** Item of a phase: completes the deltas of a hexagon's tile. */
export function finishTile(hexagon: u32, item: u32): void {
  slopeTile(getU(load<u32>(hexagonAt(hexagon), HEXAGON_BLOCKS), item >> 2), item & 3);
}

/** Rows of a tile that stay in the first cache while all learners pass. */
const CACHED_ROWS: u32 = 64;

function addReadout(entry: u32, block: u32, tile: u32): void {
  const count = outputsOf(entry);
  const errors = slot(AT_ERROR) + (<usize>getU(slot(AT_TILE_OUTPUT), entry) << 2);
  const rows = slot(AT_READOUT) + (<usize>getU(slot(AT_TILE_ROW), entry) << 9) + (<usize>tile << 7);
  const learners = slot(LEARNERS);
  const deltas = deltasOf(rankOf(block), tile);
  for (let k: u32 = 0; k < count; k += CACHED_ROWS) {
    const some = min<u32>(CACHED_ROWS, count - k);
    const w = rows + (<usize>k << 9);
    const u = errors + (<usize>k << 2);
    let learner: u32 = 0;
    for (; learner + 2 <= learners; learner += 2) {
      const d = deltas + (<usize>learner << 7);
      addRowsToTwo(d, w, u + errorsOf(learner), u + errorsOf(learner + 1), some);
      addRowsToTwo(d + 64, w + 64, u + errorsOf(learner), u + errorsOf(learner + 1), some);
    }
    if (learner < learners) addRows(deltas + (<usize>learner << 7), w, u + errorsOf(learner), some);
    yieldAfter((some * learners) / PIECE_ROWS);
  }
}

/** Offset of a learner's errors. */
// @ts-ignore: decorator
@inline
function errorsOf(learner: u32): usize {
  return <usize>(getU(slot(AT_LEARNERS), learner) * slot(OUTPUTS)) << 2;
}

/** Adds `count` rows of weights times the errors at `u` to the deltas of a tile. */
function addRows(d: usize, w: usize, u: usize, count: u32): void {
  let d0 = v128.load(d), d1 = v128.load(d, 16), d2 = v128.load(d, 32), d3 = v128.load(d, 48);
  let d4 = v128.load(d, 64), d5 = v128.load(d, 80), d6 = v128.load(d, 96), d7 = v128.load(d, 112);
  for (const end = u + (<usize>count << 2); u < end; u += 4) {
    const error = v128.load32_splat(u);
    d0 = madd(v128.load(w), error, d0);
    d1 = madd(v128.load(w, 16), error, d1);
    d2 = madd(v128.load(w, 32), error, d2);
    d3 = madd(v128.load(w, 48), error, d3);
    d4 = madd(v128.load(w, 64), error, d4);
    d5 = madd(v128.load(w, 80), error, d5);
    d6 = madd(v128.load(w, 96), error, d6);
    d7 = madd(v128.load(w, 112), error, d7);
    w += 512;
  }
  store16(d, d0, d1, d2, d3);
  store16(d + 64, d4, d5, d6, d7);
}

/**
 * The same for half a tile of two learners, the second 128 bytes behind the first: each weight is read once for both.
 */
function addRowsToTwo(d: usize, w: usize, u: usize, t: usize, count: u32): void {
  let d0 = v128.load(d), d1 = v128.load(d, 16), d2 = v128.load(d, 32), d3 = v128.load(d, 48);
  let e0 = v128.load(d, 128), e1 = v128.load(d, 144), e2 = v128.load(d, 160), e3 = v128.load(d, 176);
  const toOther = t - u;
  for (const end = u + (<usize>count << 2); u < end; u += 4) {
    const one = v128.load32_splat(u), other = v128.load32_splat(u + toOther);
    const w0 = v128.load(w), w1 = v128.load(w, 16);
    d0 = madd(w0, one, d0);
    e0 = madd(w0, other, e0);
    d1 = madd(w1, one, d1);
    e1 = madd(w1, other, e1);
    const w2 = v128.load(w, 32), w3 = v128.load(w, 48);
    d2 = madd(w2, one, d2);
    e2 = madd(w2, other, e2);
    d3 = madd(w3, one, d3);
    e3 = madd(w3, other, e3);
    w += 512;
  }
  store16(d, d0, d1, d2, d3);
  store16(d + 128, e0, e1, e2, e3);
}

/** Turns gradients over values into gradients over inputs, and sums them over the learners. */
export function slopeTile(block: u32, tile: u32): void {
  const learners = slot(LEARNERS);
  const toDenominator = denominatorsOf(block) - valuesOf(block);
  const values = valuesOf(block) + (<usize>tile << 7);
  const sums = sumsOf(rankOf(block), tile);
  const deltas = deltasOf(rankOf(block), tile);
  for (let i: usize = 0; i < 128; i += 32) {
    let s0 = splat(0), s1 = splat(0);
    let d = deltas + i;
    for (let learner: u32 = 0; learner < learners; learner++) {
      const y = values + (<usize>getU(slot(AT_LEARNERS), learner) << 9) + i;
      const d0 = overInput(v128.load(d), v128.load(y), v128.load(y + toDenominator));
      const d1 = overInput(v128.load(d, 16), v128.load(y, 16), v128.load(y + toDenominator, 16));
      v128.store(d, d0);
      v128.store(d, d1, 16);
      s0 = f32x4.add(s0, d0);
      s1 = f32x4.add(s1, d1);
      d += 128;
    }
    v128.store(sums + i, s0);
    v128.store(sums + i, s1, 16);
  }
}

// @ts-ignore: decorator
@inline
function overInput(delta: v128, value: v128, denominator: v128): v128 {
  const slope = f32x4.div(f32x4.splat(LOG2_E), denominator);
  return v128.and(bounded(f32x4.mul(delta, slope)), f32x4.gt(value, f32x4.splat(0)));
}
