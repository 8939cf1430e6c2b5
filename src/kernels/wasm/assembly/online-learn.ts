/** The backward half of a single sample: it walks the records that the forward half in `online.ts` wrote. */
import {
  AT_BIAS,
  AT_DELTA,
  AT_DENOMINATOR,
  AT_ERROR,
  AT_OUTPUT_BIAS,
  AT_READOUT,
  AT_TILE_BLOCK,
  AT_TILE_OUTPUT,
  AT_TILE_ROW,
  AT_VALUE,
  HEADER_TILES,
  HEXAGON_BLOCK_COUNT,
  HEXAGON_BLOCKS,
  HEXAGON_COUNT,
  HEXAGON_ROLE,
  OUTPUTS,
  RATE,
  ROLE_INPUT,
} from "../slots.ts";
import { LOG2_E } from "./curves.ts";
import { cursorsOf, startsOf } from "./local.ts";
import { floatSlot, getF, getU, header, hexagonAt, rankOf, setF, slot } from "./memory.ts";
import { outputsOf } from "./tiles.ts";
import { bounded, madd, sum } from "./vectors.ts";
import { PIECE_ROWS, yieldAfter } from "./yield-point.ts";
import { hasHiddenSource, NARROW, WIDE } from "./online.ts";

/** The backward half: computes each delta with the old weights, which then step at once. */
export function learnOne(): void {
  const rate = f32x4.splat(floatSlot(RATE));
  const hexagons = slot(HEXAGON_COUNT);
  for (let hexagon: u32 = 0; hexagon < hexagons; hexagon++) {
    const record = hexagonAt(hexagon);
    if (load<u32>(record, HEXAGON_ROLE) == ROLE_INPUT) continue;
    const blocks = load<u32>(record, HEXAGON_BLOCK_COUNT);
    for (let j: u32 = 0; j < blocks; j++) {
      const deltas = slot(AT_DELTA) + (<usize>rankOf(getU(load<u32>(record, HEXAGON_BLOCKS), j)) << 9);
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
    const d = slot(AT_DELTA) + (<usize>rankOf(block) << 9) + i;
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
  const inRank = <usize>rankOf(block) << 9;
  const deltas = slot(AT_DELTA) + inRank;
  const denominators = slot(AT_DENOMINATOR) + inRank;
  for (let i: usize = 0; i < 512; i += 16) {
    const slope = f32x4.div(f32x4.splat(LOG2_E), v128.load(denominators + i));
    const isActive = f32x4.gt(v128.load(slot(AT_VALUE) + at + i), f32x4.splat(0));
    const delta = v128.and(bounded(f32x4.mul(v128.load(deltas + i), slope)), isActive);
    v128.store(deltas + i, delta);
    const bias = slot(AT_BIAS) + at + i;
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
  const rank = <usize>rankOf(block);
  for (let tile: u32 = 0; tile < 4; tile++) {
    const d = slot(AT_DELTA) + (rank << 9) + (<usize>tile << 7);
    const d0 = v128.load(d), d1 = v128.load(d, 16), d2 = v128.load(d, 32), d3 = v128.load(d, 48);
    const d4 = v128.load(d, 64), d5 = v128.load(d, 80), d6 = v128.load(d, 96), d7 = v128.load(d, 112);
    const word = (rank << 4) + (<usize>tile << 2);
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
