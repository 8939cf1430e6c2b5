/** Turns the rows of the call into values and lists of active values. */
import { INPUT_MAX } from "../../../network/constants.ts";
import {
  ACTIVE_STRIDE,
  AT_ACTIVE,
  AT_ACTIVE_COUNT,
  AT_INPUT_COLUMNS,
  AT_LANES,
  AT_OCTETS,
  AT_VALUE,
  COLUMN_BYTES,
  COLUMN_HEXAGON,
  COLUMN_IS_BINARY,
  COLUMN_IS_BYTES,
  COLUMN_ROWS,
  COLUMN_STRIDE,
  COLUMN_WIDTH,
  HEXAGON_BLOCK_COUNT,
  HEXAGON_BLOCKS,
  INPUT_COLUMN_COUNT,
  ROW,
  STRIDE,
} from "../slots.ts";
import { getU, hexagonAt, setU, slot } from "./memory.ts";

/** Unpacks all inputs of samples `from` up to `end` of the step. */
export function unpack(from: u32, end: u32): void {
  const columns = slot(INPUT_COLUMN_COUNT);
  for (let c: u32 = 0; c < columns; c++) {
    const column = slot(AT_INPUT_COLUMNS) + c * COLUMN_BYTES;
    const hexagon = hexagonAt(load<u32>(column, COLUMN_HEXAGON));
    const blocks = load<u32>(hexagon, HEXAGON_BLOCK_COUNT);
    const width = load<u32>(column, COLUMN_WIDTH);
    const isBytes = load<u32>(column, COLUMN_IS_BYTES) != 0;
    const isBinary = load<u32>(column, COLUMN_IS_BINARY) != 0;
    const elementShift: u32 = isBytes ? 0 : 2;
    const stride = <usize>load<u32>(column, COLUMN_STRIDE) << elementShift;
    for (let j: u32 = 0; j < blocks; j++) {
      const block = getU(load<u32>(hexagon, HEXAGON_BLOCKS), j);
      const first = j * 128;
      const values = width <= first ? 0 : min<u32>(128, width - first);
      let row = load<u32>(column, COLUMN_ROWS) + (slot(ROW) + from) * stride + (<usize>first << elementShift);
      for (let q = from; q < end; q++) {
        const place = block * slot(STRIDE) + q;
        const value = slot(AT_VALUE) + (<usize>place << 9);
        const active = slot(AT_ACTIVE) + <usize>place * ACTIVE_STRIDE;
        const count = isBytes
          ? unpackBytes(row, values, value, active, isBinary)
          : unpackFloats(row, values, value, active, isBinary);
        setU(slot(AT_ACTIVE_COUNT), place, count);
        row += stride;
      }
    }
  }
}

/**
 * Appends the indices of a vector's positive lanes, of which the first has index `n`; returns the list's new length.
 */
// @ts-ignore: decorator
@inline
export function appendActive(active: usize, count: u32, x: v128, n: u32): u32 {
  const mask = i32x4.bitmask(f32x4.gt(x, f32x4.splat(0)));
  store<u32>(active + count, load<u32>(AT_LANES + (<usize>mask << 2)) + n * 0x01010101);
  return count + popcnt(mask);
}

/** The same for eight values; `mask` has a bit for each positive one. */
// @ts-ignore: decorator
@inline
export function appendOctet(active: usize, count: u32, mask: u32, n: u32): u32 {
  store<u64>(active + count, load<u64>(AT_OCTETS + (<usize>mask << 3)) + <u64>n * 0x0101010101010101);
  return count + popcnt(mask);
}

// @ts-ignore: decorator
@inline
function clean(x: v128, isBinary: bool): v128 {
  const zero = f32x4.splat(0);
  if (isBinary) return v128.and(f32x4.gt(x, zero), f32x4.splat(1));
  return f32x4.pmin(f32x4.splat(<f32>INPUT_MAX), f32x4.pmax(zero, x));
}

/**
 * Sets the values from `from` to the block's end to 0. memory.fill costs more, above all when there is nothing to fill.
 */
// @ts-ignore: decorator
@inline
function silence(value: usize, from: u32): void {
  const end = value + 512;
  let at = value + (<usize>from << 2);
  for (; (at & 15) != 0; at += 4) store<f32>(at, 0);
  for (; at < end; at += 16) v128.store(at, f32x4.splat(0));
}

function unpackFloats(row: usize, values: u32, value: usize, active: usize, isBinary: bool): u32 {
  let count: u32 = 0;
  let n: u32 = 0;
  for (; n + 4 <= values; n += 4) {
    const x = clean(v128.load(row + (<usize>n << 2)), isBinary);
    v128.store(value + (<usize>n << 2), x);
    count = appendActive(active, count, x, n);
  }
  silence(value, n);
  if (n < values) {
    // The next row follows directly, so take single values.
    for (let k = n; k < values; k++) store<f32>(value + (<usize>k << 2), load<f32>(row + (<usize>k << 2)));
    const x = clean(v128.load(value + (<usize>n << 2)), isBinary);
    v128.store(value + (<usize>n << 2), x);
    count = appendActive(active, count, x, n);
  }
  return count;
}

/** Converts four bytes, each in its own word, to floats. */
// @ts-ignore: decorator
@inline
function putBytes(wide: v128, to: usize): void {
  v128.store(to, f32x4.convert_i32x4_u(wide));
}

/** 16 at a time, without a branch on silent values, which is unpredictable. */
function unpackBytes(row: usize, values: u32, value: usize, active: usize, isBinary: bool): u32 {
  const largest = i8x16.splat(isBinary ? 1 : -1);
  let count: u32 = 0;
  let n: u32 = 0;
  for (; n + 16 <= values; n += 16) {
    const bytes = i8x16.min_u(v128.load(row + n), largest);
    const to = value + (<usize>n << 2);
    const low = i16x8.extend_low_i8x16_u(bytes), high = i16x8.extend_high_i8x16_u(bytes);
    putBytes(i32x4.extend_low_i16x8_u(low), to);
    putBytes(i32x4.extend_high_i16x8_u(low), to + 16);
    putBytes(i32x4.extend_low_i16x8_u(high), to + 32);
    putBytes(i32x4.extend_high_i16x8_u(high), to + 48);
    const mask = i8x16.bitmask(i8x16.ne(bytes, i8x16.splat(0)));
    count = appendOctet(active, count, mask & 255, n);
    count = appendOctet(active, count, mask >> 8, n + 8);
  }
  // The next row follows directly, so take single values.
  for (; n < values; n++) {
    const byte = min<u32>(load<u8>(row + n), isBinary ? 1 : 255);
    store<f32>(value + (<usize>n << 2), <f32>byte);
    store<u8>(active + count, <u8>n);
    count += u32(byte != 0);
  }
  silence(value, n);
  return count;
}
