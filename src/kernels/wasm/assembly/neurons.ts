/** Turns the inputs of a block's neurons into values, log2(1 + input), and lists the active neurons. */
import { log2 } from "./curves.ts";
import { appendOctet } from "./unpack.ts";
import { madd, store16 } from "./vectors.ts";

/**
 * Turns the 128 inputs at `values` into values, lists the active neurons at `active` and returns their number.
 * `toDenominator` bytes further on, it stores 1 + input; with 0 this is not kept. The loop has no branch, so that the
 * compiler keeps the polynomial's coefficients in registers.
 */
export function computeValues(values: usize, toDenominator: usize, active: usize): u32 {
  const zero = f32x4.splat(0), one = f32x4.splat(1);
  let count: u32 = 0;
  for (let at = values; at < values + 512; at += 32) {
    const d0 = f32x4.add(f32x4.pmax(zero, v128.load(at)), one);
    const d1 = f32x4.add(f32x4.pmax(zero, v128.load(at, 16)), one);
    const y0 = log2(d0), y1 = log2(d1);
    v128.store(at + toDenominator, d0);
    v128.store(at + toDenominator, d1, 16);
    v128.store(at, y0);
    v128.store(at, y1, 16);
    const mask = i32x4.bitmask(f32x4.gt(y0, zero)) | (i32x4.bitmask(f32x4.gt(y1, zero)) << 4);
    count = appendOctet(active, count, mask, <u32>(at - values) >> 2);
  }
  return count;
}

/**
 * Sums a tile: its neurons' biases and the products of the records from `first` to `last`, `size` bytes each.
 *
 * The compiler moves sums to their first use. In a plain loop that is the end: all eight vectors are loaded before the
 * first multiplication, and one of the eight sums has no register left. An exit after each half makes the loop finish
 * that half there. The second exit is never taken, because no weights lie at address 0.
 */
// @ts-ignore: decorator
@inline
export function sumTile(first: usize, last: usize, size: usize, bias: usize, to: usize): void {
  let s0 = v128.load(bias), s1 = v128.load(bias, 16), s2 = v128.load(bias, 32), s3 = v128.load(bias, 48);
  let s4 = v128.load(bias, 64), s5 = v128.load(bias, 80), s6 = v128.load(bias, 96), s7 = v128.load(bias, 112);
  if (first < last) {
    let w = <usize>load<u32>(first);
    let a = v128.load32_splat(first, 4);
    let p = first + size;
    for (;;) {
      s0 = madd(v128.load(w), a, s0);
      s1 = madd(v128.load(w, 16), a, s1);
      s2 = madd(v128.load(w, 32), a, s2);
      s3 = madd(v128.load(w, 48), a, s3);
      if (p >= last) break;
      s4 = madd(v128.load(w, 64), a, s4);
      s5 = madd(v128.load(w, 80), a, s5);
      s6 = madd(v128.load(w, 96), a, s6);
      s7 = madd(v128.load(w, 112), a, s7);
      w = <usize>load<u32>(p);
      if (w == 0) break;
      a = v128.load32_splat(p, 4);
      p += size;
    }
    s4 = madd(v128.load(w, 64), a, s4);
    s5 = madd(v128.load(w, 80), a, s5);
    s6 = madd(v128.load(w, 96), a, s6);
    s7 = madd(v128.load(w, 112), a, s7);
  }
  store16(to, s0, s1, s2, s3);
  store16(to + 64, s4, s5, s6, s7);
}
