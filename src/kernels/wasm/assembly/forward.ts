/** Computes the values of a hexagon's neurons: sums the records of each tile in registers. */
import {
  ACTIVE_STRIDE,
  AT_ACTIVE,
  AT_ACTIVE_COUNT,
  AT_BIAS,
  AT_DENOMINATOR,
  AT_POTENTIAL,
  AT_REFRACTORY,
  AT_VALUE,
  COOLDOWN,
  HEXAGON_BLOCK_COUNT,
  HEXAGON_BLOCKS,
  HEXAGON_ROLE,
  HEXAGON_TARGET_COUNT,
  IS_SPIKING,
  REFRACTORY,
  ROLE_HIDDEN,
  SAMPLES,
  STRIDE,
} from "../slots.ts";
import { log2 } from "./curves.ts";
import { startsOf } from "./local.ts";
import { computeValues, sumTile } from "./neurons.ts";
import { floatSlot, getF, getU, hexagonAt, rankOf, setF, setU, slot } from "./memory.ts";
import { collectForward } from "./records.ts";
import { appendActive } from "./unpack.ts";
import { yieldAfter } from "./yield-point.ts";

/** True when the hexagon's neurons keep a potential from one cycle to the next. */
export function remembers(hexagon: u32): bool {
  return slot(IS_SPIKING) != 0 && load<u32>(hexagonAt(hexagon), HEXAGON_ROLE) == ROLE_HIDDEN;
}

/** Computes samples `from` up to `end` of the step. Neurons with a memory only get their input; see `spike`. */
export function forward(hexagon: u32, from: u32, end: u32, thread: u32, isTraining: bool): void {
  collectForward(hexagon, from, end, thread);
  const record = hexagonAt(hexagon);
  const blocks = load<u32>(record, HEXAGON_BLOCK_COUNT);
  const isRaw = remembers(hexagon);
  for (let j: u32 = 0; j < blocks; j++) {
    const block = getU(load<u32>(record, HEXAGON_BLOCKS), j);
    for (let tile: u32 = 0; tile < 4; tile++) sumSamples(block, tile, j, blocks, from, end, thread);
    if (isRaw) continue;
    const toDenominator: usize = isTraining ? denominatorsOf(block) - valuesOf(block) : 0;
    for (let q = from; q < end; q++) {
      const place = block * slot(STRIDE) + q;
      const active = slot(AT_ACTIVE) + <usize>place * ACTIVE_STRIDE;
      setU(slot(AT_ACTIVE_COUNT), place, computeValues(slot(AT_VALUE) + (<usize>place << 9), toDenominator, active));
    }
    yieldAfter(1);
  }
}

/** Address of a block's values in the samples of the step. */
// @ts-ignore: decorator
@inline
export function valuesOf(block: u32): usize {
  return slot(AT_VALUE) + (<usize>(block * slot(STRIDE)) << 9);
}

/** The same for the denominators. */
// @ts-ignore: decorator
@inline
export function denominatorsOf(block: u32): usize {
  return slot(AT_DENOMINATOR) + (<usize>(rankOf(block) * slot(STRIDE)) << 9);
}

/** Computes the inputs of a tile's neurons, sample by sample: the tile's weights stay in the cache. */
function sumSamples(block: u32, tile: u32, nth: u32, blocks: u32, from: u32, end: u32, thread: u32): void {
  const inBlock = <usize>tile << 7;
  const bias = slot(AT_BIAS) + (<usize>block << 9) + inBlock;
  let starts = startsOf(thread) + (<usize>nth << 4) + (<usize>tile << 2);
  let to = slot(AT_VALUE) + (<usize>(block * slot(STRIDE) + from) << 9) + inBlock;
  for (let q = from; q < end; q++) {
    const first = <usize>load<u32>(starts);
    starts += <usize>blocks << 4;
    const last = <usize>load<u32>(starts);
    sumTile(first, last, 8, bias, to);
    to += 512;
  }
}

/**
 * Item of a phase: computes a block of neurons with a memory, samples in order. Each cycle divides the remaining
 * potential by the cooldown. Every `REFRACTORY`-th cycle adds the input; the cycles in between discard it.
 */
export function spike(hexagon: u32, item: u32): void {
  const block = getU(load<u32>(hexagonAt(hexagon), HEXAGON_BLOCKS), item);
  const cooldown = <f64>floatSlot(COOLDOWN);
  const refractoryTime = slot(REFRACTORY);
  const samples = slot(SAMPLES);
  for (let q: u32 = 0; q < samples; q++) {
    const place = block * slot(STRIDE) + q;
    const values = slot(AT_VALUE) + (<usize>place << 9);
    const denominators = denominatorsOf(block) + (<usize>q << 9);
    for (let n: u32 = 0; n < 128; n++) {
      const id = block * 128 + n;
      const rested = getU(slot(AT_REFRACTORY), id);
      const accepts = rested <= 1;
      const input: f32 = accepts ? getF(values, n) : 0;
      const raw = max<f32>(0, <f32>(<f64>getF(slot(AT_POTENTIAL), id) / cooldown + <f64>input));
      setF(slot(AT_POTENTIAL), id, raw);
      setU(slot(AT_REFRACTORY), id, accepts ? refractoryTime : rested - 1);
      setF(values, n, raw);
      setF(denominators, n, accepts ? 1 + raw : <f32>Infinity);
    }
    const active = slot(AT_ACTIVE) + <usize>place * ACTIVE_STRIDE;
    let count: u32 = 0;
    for (let n: u32 = 0; n < 128; n += 4) {
      const at = values + (<usize>n << 2);
      const value = log2(f32x4.add(v128.load(at), f32x4.splat(1)));
      v128.store(at, value);
      count = appendActive(active, count, value, n);
    }
    setU(slot(AT_ACTIVE_COUNT), place, count);
  }
}
