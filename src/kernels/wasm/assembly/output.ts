/** Values of the output neurons, their errors, and which samples learn. */
import { SKIP_ERROR } from "../../../network/constants.ts";
import {
  AT_ERROR,
  AT_EXPECTED,
  AT_LEARNS,
  AT_MUTED,
  AT_OUTPUT,
  AT_OUTPUT_ALIVE,
  AT_OUTPUT_BIAS,
  AT_READOUT,
  AT_TILE_BLOCK,
  AT_TILE_OUTPUT,
  AT_TILE_ROW,
  HEADER_TILES,
  OUTPUTS,
  ROW,
} from "../slots.ts";
import { sigmoid } from "./curves.ts";
import { valuesOf } from "./forward.ts";
import { getF, getU, header, setF, setU, slot } from "./memory.ts";
import { outputsOf } from "./tiles.ts";
import { madd, sum } from "./vectors.ts";
import { PIECE_ROWS, yieldAfter } from "./yield-point.ts";

/** Rows of weights that stay in the first cache while all samples of a chunk pass; a multiple of ROWS. */
const CACHED_ROWS: u32 = 40;
/** Rows that one sample sums together. */
const ROWS: u32 = 5;

/** Computes the outputs of samples `from` up to `end` of the step. */
export function output(from: u32, end: u32): void {
  const outputs = slot(OUTPUTS);
  const tiles = header(HEADER_TILES);
  const bytes = <usize>outputs << 2;
  const shown = slot(AT_OUTPUT) + <usize>slot(ROW) * bytes;
  for (let q = from; q < end; q++) memory.copy(shown + <usize>q * bytes, slot(AT_OUTPUT_BIAS), bytes);
  for (let tile: u32 = 0; tile < tiles; tile++) {
    const values = valuesOf(getU(slot(AT_TILE_BLOCK), tile));
    const rows = slot(AT_READOUT) + ((<usize>getU(slot(AT_TILE_ROW), tile)) << 9);
    const count = outputsOf(tile);
    const to = shown + ((<usize>getU(slot(AT_TILE_OUTPUT), tile)) << 2);
    for (let k: u32 = 0; k < count; k += CACHED_ROWS) {
      const some = min<u32>(CACHED_ROWS, count - k);
      const row = rows + (<usize>k << 9);
      const out = to + (<usize>k << 2);
      let q = from;
      for (; q + 4 <= end; q += 4) addRowsOfFour(out + <usize>q * bytes, bytes, values + (<usize>q << 9), row, some);
      for (; q < end; q++) addRows(out + <usize>q * bytes, values + (<usize>q << 9), row, some);
      rowsDone += some * (end - from);
      if (rowsDone >= PIECE_ROWS) {
        rowsDone = 0;
        yieldAfter(1);
      }
    }
  }
  for (let q = from; q < end; q++) show(shown + <usize>q * bytes, outputs);
}

let rowsDone: u32 = 0;

/** Turns the sums of a sample into values; outputs whose hexagon has no neurons show 0. */
function show(out: usize, outputs: u32): void {
  const alive = slot(AT_OUTPUT_ALIVE);
  const end = <usize>outputs << 2;
  let at: usize = 0;
  for (; at + 16 <= end; at += 16)
    v128.store(out + at, f32x4.mul(v128.load(alive + at), sigmoid(v128.load(out + at))));
  for (; at < end; at += 4)
    store<f32>(out + at, load<f32>(alive + at) * f32x4.extract_lane(sigmoid(v128.load32_splat(out + at)), 0));
}

/** Adds the products of `count` rows of 128 weights and a block's values to `out`. */
function addRows(out: usize, values: usize, rows: usize, count: u32): void {
  const zero = f32x4.splat(0);
  let k: u32 = 0;
  for (; k + ROWS <= count; k += ROWS) {
    const row = rows + ((<usize>k) << 9);
    let s0 = zero,
      s1 = zero,
      s2 = zero,
      s3 = zero,
      s4 = zero;
    for (let i: usize = 0; i < 512; i += 16) {
      const y = v128.load(values + i);
      const w = row + i;
      s0 = madd(v128.load(w), y, s0);
      s1 = madd(v128.load(w, 512), y, s1);
      s2 = madd(v128.load(w, 1024), y, s2);
      s3 = madd(v128.load(w, 1536), y, s3);
      s4 = madd(v128.load(w, 2048), y, s4);
    }
    addTo(out + (<usize>k << 2), s0);
    addTo(out + (<usize>k << 2) + 4, s1);
    addTo(out + (<usize>k << 2) + 8, s2);
    addTo(out + (<usize>k << 2) + 12, s3);
    addTo(out + (<usize>k << 2) + 16, s4);
  }
  for (; k < count; k++) {
    const row = rows + ((<usize>k) << 9);
    let s0 = zero,
      s1 = zero;
    for (let i: usize = 0; i < 512; i += 32) {
      s0 = madd(v128.load(row + i), v128.load(values + i), s0);
      s1 = madd(v128.load(row + i, 16), v128.load(values + i, 16), s1);
    }
    addTo(out + (<usize>k << 2), f32x4.add(s0, s1));
  }
}

/**
 * The same for four samples, whose values follow each other and whose outputs are `stride` bytes apart: each weight is
 * read once for all of them. Sums in the order of `addRows`, so that a sample's bits do not depend on its neighbours.
 */
function addRowsOfFour(out: usize, stride: usize, values: usize, rows: usize, count: u32): void {
  const zero = f32x4.splat(0);
  const groups = count - (count % ROWS);
  let k: u32 = 0;
  for (; k + 2 <= groups; k += 2) {
    let a0 = zero, a1 = zero, a2 = zero, a3 = zero;
    let b0 = zero, b1 = zero, b2 = zero, b3 = zero;
    const toRow = rows + ((<usize>k) << 9) - values;
    for (let y = values; y < values + 512; y += 16) {
      const w = v128.load(y + toRow), x = v128.load(y + toRow, 512);
      const y0 = v128.load(y), y1 = v128.load(y, 512);
      a0 = madd(w, y0, a0);
      b0 = madd(x, y0, b0);
      a1 = madd(w, y1, a1);
      b1 = madd(x, y1, b1);
      const y2 = v128.load(y, 1024), y3 = v128.load(y, 1536);
      a2 = madd(w, y2, a2);
      b2 = madd(x, y2, b2);
      a3 = madd(w, y3, a3);
      b3 = madd(x, y3, b3);
    }
    const to = out + (<usize>k << 2);
    addToFour(to, stride, a0, a1, a2, a3);
    addToFour(to + 4, stride, b0, b1, b2, b3);
  }
  if (k < groups) {
    let a0 = zero, a1 = zero, a2 = zero, a3 = zero;
    const toRow = rows + ((<usize>k) << 9) - values;
    for (let y = values; y < values + 512; y += 16) {
      const w = v128.load(y + toRow);
      a0 = madd(w, v128.load(y), a0);
      a1 = madd(w, v128.load(y, 512), a1);
      a2 = madd(w, v128.load(y, 1024), a2);
      a3 = madd(w, v128.load(y, 1536), a3);
    }
    addToFour(out + (<usize>k << 2), stride, a0, a1, a2, a3);
    k++;
  }
  for (; k < count; k++) {
    let a0 = zero, a1 = zero, a2 = zero, a3 = zero;
    let b0 = zero, b1 = zero, b2 = zero, b3 = zero;
    const toRow = rows + ((<usize>k) << 9) - values;
    for (let y = values; y < values + 512; y += 32) {
      const w = v128.load(y + toRow), x = v128.load(y + toRow, 16);
      a0 = madd(w, v128.load(y), a0);
      b0 = madd(x, v128.load(y, 16), b0);
      a1 = madd(w, v128.load(y, 512), a1);
      b1 = madd(x, v128.load(y, 528), b1);
      a2 = madd(w, v128.load(y, 1024), a2);
      b2 = madd(x, v128.load(y, 1040), b2);
      a3 = madd(w, v128.load(y, 1536), a3);
      b3 = madd(x, v128.load(y, 1552), b3);
    }
    const to = out + (<usize>k << 2);
    addToFour(to, stride, f32x4.add(a0, b0), f32x4.add(a1, b1), f32x4.add(a2, b2), f32x4.add(a3, b3));
  }
}

// @ts-ignore: decorator
@inline
function addTo(out: usize, lanes: v128): void {
  store<f32>(out, load<f32>(out) + sum(lanes));
}

// @ts-ignore: decorator
@inline
function addToFour(out: usize, stride: usize, s0: v128, s1: v128, s2: v128, s3: v128): void {
  addTo(out, s0);
  addTo(out + stride, s1);
  addTo(out + 2 * stride, s2);
  addTo(out + 3 * stride, s3);
}

/** Computes the errors of samples `from` up to `end`. Skips samples whose targets are all 0 or 1 and nearly reached. */
export function error(from: u32, end: u32): void {
  const outputs = slot(OUTPUTS);
  for (let q = from; q < end; q++) {
    const row = slot(ROW) + q;
    const shown = slot(AT_OUTPUT) + ((<usize>row * outputs) << 2);
    const expected = slot(AT_EXPECTED) + ((<usize>row * outputs) << 2);
    const errors = slot(AT_ERROR) + ((<usize>q * outputs) << 2);
    let isReached = true;
    for (let k: u32 = 0; k < outputs; k++) {
      const target = getF(expected, k);
      const hasTarget = target == target && getF(slot(AT_OUTPUT_ALIVE), k) > 0;
      const u: f32 = hasTarget ? getF(shown, k) - target : 0;
      setF(errors, k, u);
      if (hasTarget && !((target == 0 || target == 1) && abs(u) < <f32>SKIP_ERROR)) isReached = false;
    }
    setU(slot(AT_LEARNS), q, u32(!isReached && load<u8>(slot(AT_MUTED) + row) == 0));
  }
}
