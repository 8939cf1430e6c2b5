/** Values of a hexagon's neurons: the records of each tile are summed in registers. */
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
import { startsOf } from "./local.ts";
import { floatSlot, getF, getU, hexagonAt, setF, setU, slot } from "./memory.ts";
import { collectForward } from "./records.ts";
import { appendActive } from "./unpack.ts";
import { log2, madd } from "./vectors.ts";

/** Neurons keep something from one cycle to the next. */
export function remembers(hexagon: u32): bool {
  return slot(IS_SPIKING) != 0 && load<u32>(hexagonAt(hexagon), HEXAGON_ROLE) == ROLE_HIDDEN;
}

/** Computes samples `from` up to `end` of the step. Neurons with a memory get their input only; see `spike`. */
export function forward(hexagon: u32, from: u32, end: u32, thread: u32, isTraining: bool): void {
  collectForward(hexagon, from, end, thread);
  if (remembers(hexagon)) sumTiles(hexagon, from, end, thread, false, true);
  else if (isTraining) sumTiles(hexagon, from, end, thread, true, false);
  else sumTiles(hexagon, from, end, thread, false, false);
}

// @ts-ignore: decorator
@inline
function finish(input: v128, at: usize, toDenominator: usize, isTraining: bool, isRaw: bool): v128 {
  if (isRaw) {
    v128.store(at, input);
    return input;
  }
  const denominator = f32x4.add(f32x4.pmax(f32x4.splat(0), input), f32x4.splat(1));
  const value = log2(denominator);
  v128.store(at, value);
  if (isTraining) v128.store(at + toDenominator, denominator);
  return value;
}

// @ts-ignore: decorator
@inline
function sumTiles(hexagon: u32, from: u32, end: u32, thread: u32, isTraining: bool, isRaw: bool): void {
  const record = hexagonAt(hexagon);
  const blocks = load<u32>(record, HEXAGON_BLOCK_COUNT);
  // Nobody asks which neurons are active where signals end.
  const isListed = load<u32>(record, HEXAGON_TARGET_COUNT) > 0;
  for (let j: u32 = 0; j < blocks; j++) {
    const block = getU(load<u32>(record, HEXAGON_BLOCKS), j);
    for (let tile: u32 = 0; tile < 4; tile++) {
      const starts = startsOf(thread) + (<usize>j << 4) + (<usize>tile << 2);
      sumTile(block, tile, starts, <usize>blocks << 4, from, end, isListed, isTraining, isRaw);
    }
  }
}

// @ts-ignore: decorator
@inline
function sumTile(
  block: u32,
  tile: u32,
  firstStart: usize,
  stride: usize,
  from: u32,
  end: u32,
  isListed: bool,
  isTraining: bool,
  isRaw: bool,
): void {
  const bias = slot(AT_BIAS) + (<usize>block << 9) + (<usize>tile << 7);
  const toDenominator = slot(AT_DENOMINATOR) - slot(AT_VALUE);
  let starts = firstStart;
  for (let q = from; q < end; q++) {
    let s0 = v128.load(bias), s1 = v128.load(bias, 16), s2 = v128.load(bias, 32), s3 = v128.load(bias, 48);
    let s4 = v128.load(bias, 64), s5 = v128.load(bias, 80), s6 = v128.load(bias, 96), s7 = v128.load(bias, 112);
    let p = <usize>load<u32>(starts);
    starts += stride;
    const last = <usize>load<u32>(starts);
    for (; p < last; p += 8) {
      const w = <usize>load<u32>(p);
      const a = v128.load32_splat(p, 4);
      s0 = madd(v128.load(w), a, s0);
      s1 = madd(v128.load(w, 16), a, s1);
      s2 = madd(v128.load(w, 32), a, s2);
      s3 = madd(v128.load(w, 48), a, s3);
      s4 = madd(v128.load(w, 64), a, s4);
      s5 = madd(v128.load(w, 80), a, s5);
      s6 = madd(v128.load(w, 96), a, s6);
      s7 = madd(v128.load(w, 112), a, s7);
    }
    const place = block * slot(STRIDE) + q;
    const at = slot(AT_VALUE) + (<usize>place << 9) + (<usize>tile << 7);
    s0 = finish(s0, at, toDenominator, isTraining, isRaw);
    s1 = finish(s1, at + 16, toDenominator, isTraining, isRaw);
    s2 = finish(s2, at + 32, toDenominator, isTraining, isRaw);
    s3 = finish(s3, at + 48, toDenominator, isTraining, isRaw);
    s4 = finish(s4, at + 64, toDenominator, isTraining, isRaw);
    s5 = finish(s5, at + 80, toDenominator, isTraining, isRaw);
    s6 = finish(s6, at + 96, toDenominator, isTraining, isRaw);
    s7 = finish(s7, at + 112, toDenominator, isTraining, isRaw);
    if (isRaw || !isListed) continue;
    const active = slot(AT_ACTIVE) + <usize>place * ACTIVE_STRIDE;
    const n = tile << 5;
    let count: u32 = tile == 0 ? 0 : getU(slot(AT_ACTIVE_COUNT), place);
    count = appendActive(active, count, s0, n);
    count = appendActive(active, count, s1, n + 4);
    count = appendActive(active, count, s2, n + 8);
    count = appendActive(active, count, s3, n + 12);
    count = appendActive(active, count, s4, n + 16);
    count = appendActive(active, count, s5, n + 20);
    count = appendActive(active, count, s6, n + 24);
    count = appendActive(active, count, s7, n + 28);
    setU(slot(AT_ACTIVE_COUNT), place, count);
  }
}

/**
 * Item of a phase: a block of neurons with a memory, samples in order. What is left of the potential is divided by the
 * cooldown; every `REFRACTORY`-th cycle the input is added, in between it is discarded.
 */
export function spike(hexagon: u32, item: u32): void {
  const block = getU(load<u32>(hexagonAt(hexagon), HEXAGON_BLOCKS), item);
  const cooldown = <f64>floatSlot(COOLDOWN);
  const refractoryTime = slot(REFRACTORY);
  const samples = slot(SAMPLES);
  for (let q: u32 = 0; q < samples; q++) {
    const place = block * slot(STRIDE) + q;
    const values = slot(AT_VALUE) + (<usize>place << 9);
    const denominators = slot(AT_DENOMINATOR) + (<usize>place << 9);
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
