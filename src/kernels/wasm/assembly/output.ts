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
  AT_VALUE,
  HEADER_TILES,
  OUTPUTS,
  ROW,
  STRIDE,
} from "../slots.ts";
import { sigmoid } from "./curves.ts";
import { getF, getU, header, setF, setU, slot } from "./memory.ts";
import { outputsOf } from "./tiles.ts";
import { madd, sum } from "./vectors.ts";
import { PIECE_ROWS, yieldAfter } from "./yield-point.ts";

/** Computes the outputs of samples `from` up to `end` of the step. */
export function output(from: u32, end: u32): void {
  const outputs = slot(OUTPUTS);
  const tiles = header(HEADER_TILES);
  for (let q = from; q < end; q++) {
    const out = slot(AT_OUTPUT) + ((<usize>(slot(ROW) + q) * outputs) << 2);
    memory.copy(out, slot(AT_OUTPUT_BIAS), (<usize>outputs) << 2);
    for (let tile: u32 = 0; tile < tiles; tile++) {
      const block = getU(slot(AT_TILE_BLOCK), tile);
      const values = slot(AT_VALUE) + ((<usize>(block * slot(STRIDE) + q)) << 9);
      const rows = slot(AT_READOUT) + ((<usize>getU(slot(AT_TILE_ROW), tile)) << 9);
      const count = outputsOf(tile);
      const to = out + ((<usize>getU(slot(AT_TILE_OUTPUT), tile)) << 2);
      for (let k: u32 = 0; k < count; k += PIECE_ROWS) {
        addRows(to + (<usize>k << 2), values, rows + (<usize>k << 9), min<u32>(PIECE_ROWS, count - k));
        yieldAfter(1);
      }
    }
    for (let k: u32 = 0; k < outputs; k++)
      setF(out, k, getF(slot(AT_OUTPUT_ALIVE), k) * f32x4.extract_lane(sigmoid(f32x4.splat(getF(out, k))), 0));
  }
}

/** Adds the products of `count` rows of 128 weights and a block's values to `out`. */
function addRows(out: usize, values: usize, rows: usize, count: u32): void {
  const zero = f32x4.splat(0);
  let k: u32 = 0;
  for (; k + 5 <= count; k += 5) {
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
    setF(out, k, getF(out, k) + sum(s0));
    setF(out, k + 1, getF(out, k + 1) + sum(s1));
    setF(out, k + 2, getF(out, k + 2) + sum(s2));
    setF(out, k + 3, getF(out, k + 3) + sum(s3));
    setF(out, k + 4, getF(out, k + 4) + sum(s4));
  }
  for (; k < count; k++) {
    const row = rows + ((<usize>k) << 9);
    let s0 = zero,
      s1 = zero;
    for (let i: usize = 0; i < 512; i += 32) {
      s0 = madd(v128.load(row + i), v128.load(values + i), s0);
      s1 = madd(v128.load(row + i, 16), v128.load(values + i, 16), s1);
    }
    setF(out, k, getF(out, k) + sum(f32x4.add(s0, s1)));
  }
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
