/** Deltas: what the errors ask of every neuron, from the outputs back to the first hidden hexagon. */
import {
  AT_DELTA,
  AT_DENOMINATOR,
  AT_ERROR,
  AT_LEARNERS,
  AT_NEURON_BLOCKS,
  AT_READOUT,
  AT_TILE_BLOCK,
  AT_TILE_OUTPUT,
  AT_TILE_OUTPUT_COUNT,
  AT_TILE_ROW,
  AT_VALUE,
  HEADER_TILES,
  HEXAGON_BLOCK_COUNT,
  HEXAGON_BLOCKS,
  HEXAGON_COUNT,
  HEXAGON_ROLE,
  HEXAGON_SOURCE_COUNT,
  HEXAGON_SOURCES,
  NEURON_BLOCK_COUNT,
  OUTPUTS,
  ROLE_HIDDEN,
  ROLE_INPUT,
  STRIDE,
} from "../slots.ts";
import { startsOf } from "./local.ts";
import { getU, header, hexagonAt, slot } from "./memory.ts";
import { collectSlopes } from "./records.ts";
import { bounded, LOG2_E, madd, sum } from "./vectors.ts";

/** Computes all deltas of learners `from` up to `end`. */
export function backward(from: u32, end: u32, thread: u32): void {
  clear(from, end);
  for (let learner = from; learner < end; learner++) addReadout(learner);
  for (let hexagon = slot(HEXAGON_COUNT); hexagon-- > 0; ) {
    const record = hexagonAt(hexagon);
    if (load<u32>(record, HEXAGON_ROLE) == ROLE_INPUT) continue;
    toInputs(record, from, end);
    if (hasHiddenSource(record)) {
      collectSlopes(hexagon, from, end, thread);
      addToSources(record, from, end, thread);
    }
  }
}

/** Address of the deltas of 32 neurons for a learner. */
// @ts-ignore: decorator
@inline
function tileDelta(block: u32, tile: u32, learner: u32): usize {
  return slot(AT_DELTA) + ((<usize>(block * 4 + tile) * slot(STRIDE) + learner) << 7);
}

function clear(from: u32, end: u32): void {
  const blocks = slot(NEURON_BLOCK_COUNT);
  for (let j: u32 = 0; j < blocks; j++) {
    const block = getU(slot(AT_NEURON_BLOCKS), j);
    for (let tile: u32 = 0; tile < 4; tile++) memory.fill(tileDelta(block, tile, from), 0, <usize>(end - from) << 7);
  }
}

function addReadout(learner: u32): void {
  const q = getU(slot(AT_LEARNERS), learner);
  const errors = slot(AT_ERROR) + ((<usize>q * slot(OUTPUTS)) << 2);
  const tiles = header(HEADER_TILES);
  for (let entry: u32 = 0; entry < tiles; entry++) {
    const block = getU(slot(AT_TILE_BLOCK), entry);
    const count = getU(slot(AT_TILE_OUTPUT_COUNT), entry);
    const first = errors + (<usize>getU(slot(AT_TILE_OUTPUT), entry) << 2);
    for (let tile: u32 = 0; tile < 4; tile++) {
      const d = tileDelta(block, tile, learner);
      let d0 = v128.load(d), d1 = v128.load(d, 16), d2 = v128.load(d, 32), d3 = v128.load(d, 48);
      let d4 = v128.load(d, 64), d5 = v128.load(d, 80), d6 = v128.load(d, 96), d7 = v128.load(d, 112);
      let w = slot(AT_READOUT) + (<usize>getU(slot(AT_TILE_ROW), entry) << 9) + (<usize>tile << 7);
      for (let k: u32 = 0; k < count; k++) {
        const u = v128.load32_splat(first + (<usize>k << 2));
        d0 = madd(v128.load(w), u, d0);
        d1 = madd(v128.load(w, 16), u, d1);
        d2 = madd(v128.load(w, 32), u, d2);
        d3 = madd(v128.load(w, 48), u, d3);
        d4 = madd(v128.load(w, 64), u, d4);
        d5 = madd(v128.load(w, 80), u, d5);
        d6 = madd(v128.load(w, 96), u, d6);
        d7 = madd(v128.load(w, 112), u, d7);
        w += 512;
      }
      v128.store(d, d0);
      v128.store(d, d1, 16);
      v128.store(d, d2, 32);
      v128.store(d, d3, 48);
      v128.store(d, d4, 64);
      v128.store(d, d5, 80);
      v128.store(d, d6, 96);
      v128.store(d, d7, 112);
    }
  }
}

/** Slopes over values become slopes over inputs. */
function toInputs(record: usize, from: u32, end: u32): void {
  const blocks = load<u32>(record, HEXAGON_BLOCK_COUNT);
  const toDenominator = slot(AT_DENOMINATOR) - slot(AT_VALUE);
  for (let j: u32 = 0; j < blocks; j++) {
    const block = getU(load<u32>(record, HEXAGON_BLOCKS), j);
    for (let learner = from; learner < end; learner++) {
      const q = getU(slot(AT_LEARNERS), learner);
      const values = slot(AT_VALUE) + (<usize>(block * slot(STRIDE) + q) << 9);
      for (let tile: u32 = 0; tile < 4; tile++) {
        const d = tileDelta(block, tile, learner);
        const y = values + (<usize>tile << 7);
        for (let i: usize = 0; i < 128; i += 16) {
          const slope = f32x4.div(f32x4.splat(LOG2_E), v128.load(y + i + toDenominator));
          const isActive = f32x4.gt(v128.load(y + i), f32x4.splat(0));
          v128.store(d + i, v128.and(bounded(f32x4.mul(v128.load(d + i), slope)), isActive));
        }
      }
    }
  }
}

function hasHiddenSource(record: usize): bool {
  const sources = load<u32>(record, HEXAGON_SOURCE_COUNT);
  for (let i: u32 = 0; i < sources; i++) {
    const source = getU(load<u32>(record, HEXAGON_SOURCES), i);
    if (load<u32>(hexagonAt(source), HEXAGON_ROLE) == ROLE_HIDDEN) return true;
  }
  return false;
}

/** Adds to the deltas of a hexagon's sources: each slope record is a product of 32 deltas with 32 weights. */
function addToSources(record: usize, from: u32, end: u32, thread: u32): void {
  const blocks = load<u32>(record, HEXAGON_BLOCK_COUNT);
  for (let j: u32 = 0; j < blocks; j++) {
    const block = getU(load<u32>(record, HEXAGON_BLOCKS), j);
    for (let tile: u32 = 0; tile < 4; tile++) {
      let starts = startsOf(thread) + (<usize>j << 4) + (<usize>tile << 2);
      for (let learner = from; learner < end; learner++) {
        const d = tileDelta(block, tile, learner);
        const d0 = v128.load(d), d1 = v128.load(d, 16), d2 = v128.load(d, 32), d3 = v128.load(d, 48);
        const d4 = v128.load(d, 64), d5 = v128.load(d, 80), d6 = v128.load(d, 96), d7 = v128.load(d, 112);
        let p = <usize>load<u32>(starts);
        starts += <usize>blocks << 4;
        const last = <usize>load<u32>(starts);
        for (; p < last; p += 16) {
          const w = <usize>load<u32>(p);
          let s0 = f32x4.mul(d0, v128.load(w));
          let s1 = f32x4.mul(d1, v128.load(w, 16));
          s0 = madd(d2, v128.load(w, 32), s0);
          s1 = madd(d3, v128.load(w, 48), s1);
          s0 = madd(d4, v128.load(w, 64), s0);
          s1 = madd(d5, v128.load(w, 80), s1);
          s0 = madd(d6, v128.load(w, 96), s0);
          s1 = madd(d7, v128.load(w, 112), s1);
          const source = <usize>load<u32>(p, 8);
          store<f32>(source, load<f32>(source) + sum(f32x4.add(s0, s1)) * load<f32>(p, 4));
        }
      }
    }
  }
}
