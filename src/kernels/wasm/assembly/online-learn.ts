/** The backward half of a single sample: it walks the records that the forward half in `online.ts` wrote. */
import { READOUT_RATE_SHARE } from "../../../network/constants.ts";
import {
  AT_BIAS,
  AT_DELTA,
  AT_DELTA_MEAN,
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
import { centredOf, cursorsOf, shiftsOf, startsOf } from "./local.ts";
import { floatSlot, getF, getU, header, hexagonAt, rankOf, setF, slot } from "./memory.ts";
import { countOnline, deltaShare, movedMean, moveMeans, prepareMeans } from "./online-means.ts";
import { outputsOf } from "./tiles.ts";
import { bounded, madd, splat, sum } from "./vectors.ts";
import { PIECE_ROWS, yieldAfter } from "./yield-point.ts";
import { hasHiddenSource, NARROW, WIDE } from "./online.ts";

/** The backward half: computes each delta with the old weights, which then step at once. */
export function learnOne(): void {
  const rate = splat(floatSlot(RATE));
  countOnline(1);
  prepareMeans(1);
  moveMeans();
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
  stepReadout(<f32>(<f64>floatSlot(RATE) * READOUT_RATE_SHARE));
  for (let hexagon = hexagons; hexagon-- > 0; ) {
    const record = hexagonAt(hexagon);
    if (load<u32>(record, HEXAGON_ROLE) == ROLE_INPUT) continue;
    const isWide = hasHiddenSource(record);
    const blocks = load<u32>(record, HEXAGON_BLOCK_COUNT);
    for (let j: u32 = 0; j < blocks; j++) {
      const block = getU(load<u32>(record, HEXAGON_BLOCKS), j);
      toInputs(block);
      if (isWide) stepBlock(block, rate, true);
      else stepBlock(block, rate, false);
      yieldAfter(1);
    }
  }
}

/** Propagates the errors back through the readout weights; steps these and the output biases. */
function stepReadout(rate: f32): void {
  const tiles = header(HEADER_TILES);
  for (let entry: u32 = 0; entry < tiles; entry++) {
    const block = getU(slot(AT_TILE_BLOCK), entry);
    const count = outputsOf(entry);
    if (count == 0) continue;
    const errors = slot(AT_ERROR) + (<usize>getU(slot(AT_TILE_OUTPUT), entry) << 2);
    const rows = slot(AT_READOUT) + (<usize>getU(slot(AT_TILE_ROW), entry) << 9);
    for (let from: u32 = 0; from < count; from += PIECE_ROWS) {
      const some = min<u32>(PIECE_ROWS, count - from);
      stepRows(block, rows + (<usize>from << 9), errors + (<usize>from << 2), some, splat(rate));
      yieldAfter(1);
    }
  }
  const outputs = slot(OUTPUTS);
  const bias = slot(AT_OUTPUT_BIAS);
  for (let k: u32 = 0; k < outputs; k++) {
    const after = splat(getF(bias, k) - rate * getF(slot(AT_ERROR), k));
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

/** Turns gradients over a block's values into gradients over its inputs, and centres them. */
function toInputs(block: u32): void {
  const at = <usize>block << 9;
  const inRank = <usize>rankOf(block) << 9;
  const deltas = slot(AT_DELTA) + inRank;
  const denominators = slot(AT_DENOMINATOR) + inRank;
  const means = slot(AT_DELTA_MEAN) + at;
  const centred = centredOf(0);
  for (let i: usize = 0; i < 512; i += 16) {
    const slope = f32x4.div(f32x4.splat(LOG2_E), v128.load(denominators + i));
    const isActive = f32x4.gt(v128.load(slot(AT_VALUE) + at + i), f32x4.splat(0));
    const delta = v128.and(bounded(f32x4.mul(v128.load(deltas + i), slope)), isActive);
    v128.store(deltas + i, delta);
    v128.store(centred + i, f32x4.sub(delta, v128.load(means + i)));
  }
}

// @ts-ignore: decorator
@inline
function descend(w: usize, before: v128, step: v128, centred: v128): void {
  v128.store(w, bounded(f32x4.sub(before, f32x4.mul(step, centred))));
}

/**
 * Steps the weights of a block by its centred deltas, then its biases and the means of its deltas. A step of a weight,
 * rate * activation * centred delta, shifts the mean input by that times the ramp's mean activation: over all records
 * by the delta times one factor for the whole tile, which `moveMeans` has summed. The biases undo it.
 */
// @ts-ignore: decorator
@inline
function stepBlock(block: u32, rate: v128, hasSources: bool): void {
  const rank = <usize>rankOf(block);
  for (let tile: u32 = 0; tile < 4; tile++) {
    const inTile = <usize>tile << 7;
    const d = slot(AT_DELTA) + (rank << 9) + inTile;
    const c = centredOf(0) + inTile;
    const word = (rank << 4) + (<usize>tile << 2);
    stepTile(startsOf(0) + word, cursorsOf(0) + word, d, c, rate, hasSources);
    const biases = slot(AT_BIAS) + (<usize>block << 9) + inTile;
    const means = slot(AT_DELTA_MEAN) + (<usize>block << 9) + inTile;
    const shifts = f32x4.mul(rate, v128.load32_splat(shiftsOf(0) + word));
    const share = splat(deltaShare);
    for (let i: usize = 0; i < 128; i += 16) {
      const delta = v128.load(d + i), centred = v128.load(c + i), bias = v128.load(biases + i);
      v128.store(biases + i, bounded(f32x4.sub(madd(centred, shifts, bias), f32x4.mul(rate, delta))));
      v128.store(means + i, movedMean(v128.load(means + i), centred, share));
    }
  }
}

/**
 * Steps the weights of a tile. Registers hold one kind of deltas. With sources that learn it is the one that these need
 * all at once, and the other is loaded again for each record.
 */
// @ts-ignore: decorator
@inline
function stepTile(starts: usize, cursors: usize, d: usize, c: usize, rate: v128, hasSources: bool): void {
  const held = hasSources ? d : c;
  const h0 = v128.load(held), h1 = v128.load(held, 16), h2 = v128.load(held, 32), h3 = v128.load(held, 48);
  const h4 = v128.load(held, 64), h5 = v128.load(held, 80), h6 = v128.load(held, 96), h7 = v128.load(held, 112);
  const last = <usize>load<u32>(cursors);
  for (let p = <usize>load<u32>(starts); p < last; p += hasSources ? WIDE : NARROW) {
    const w = <usize>load<u32>(p);
    const step = f32x4.mul(rate, v128.load32_splat(p, 4));
    const w0 = v128.load(w), w1 = v128.load(w, 16);
    descend(w, w0, step, hasSources ? v128.load(c) : h0);
    descend(w + 16, w1, step, hasSources ? v128.load(c, 16) : h1);
    let s0 = f32x4.mul(h0, w0), s1 = f32x4.mul(h1, w1);
    const w2 = v128.load(w, 32), w3 = v128.load(w, 48);
    descend(w + 32, w2, step, hasSources ? v128.load(c, 32) : h2);
    descend(w + 48, w3, step, hasSources ? v128.load(c, 48) : h3);
    if (hasSources) { s0 = madd(h2, w2, s0); s1 = madd(h3, w3, s1); }
    const w4 = v128.load(w, 64), w5 = v128.load(w, 80);
    descend(w + 64, w4, step, hasSources ? v128.load(c, 64) : h4);
    descend(w + 80, w5, step, hasSources ? v128.load(c, 80) : h5);
    if (hasSources) { s0 = madd(h4, w4, s0); s1 = madd(h5, w5, s1); }
    const w6 = v128.load(w, 96), w7 = v128.load(w, 112);
    descend(w + 96, w6, step, hasSources ? v128.load(c, 96) : h6);
    descend(w + 112, w7, step, hasSources ? v128.load(c, 112) : h7);
    if (!hasSources) continue;
    s0 = madd(h6, w6, s0);
    s1 = madd(h7, w7, s1);
    const source = <usize>load<u32>(p, 12);
    store<f32>(source, load<f32>(source) + sum(f32x4.add(s0, s1)) * load<f32>(p, 8));
  }
}
