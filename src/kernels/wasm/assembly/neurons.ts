/** What a block's neurons make of their inputs: values, log2(1 + input), and the list of those that are active. */
import { appendOctet } from "./unpack.ts";
import { log2, madd } from "./vectors.ts";

/**
 * Turns the 128 inputs at `values` into values, lists the active ones at `active` and returns how many there are.
 * 1 + input goes to `toDenominator` bytes further on; with 0 it is not kept. One loop without a branch: the compiler
 * then holds the polynomial's coefficients in registers.
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
 * Sums half a tile: 16 neurons' biases and the products of the records from `first` to `last`, `size` bytes each, with
 * their weights at `offset`. Four sums, not the tile's eight: the compiler loads all weights before it multiplies, and
 * with eight of each it has no registers left and keeps a sum in memory, which costs more than walking twice.
 */
// @ts-ignore: decorator
@inline
export function sumHalf(first: usize, last: usize, size: usize, offset: usize, bias: usize, to: usize): void {
  const b = bias + offset;
  let s0 = v128.load(b), s1 = v128.load(b, 16), s2 = v128.load(b, 32), s3 = v128.load(b, 48);
  for (let p = first; p < last; p += size) {
    const w = <usize>load<u32>(p) + offset;
    const a = v128.load32_splat(p, 4);
    s0 = madd(v128.load(w), a, s0);
    s1 = madd(v128.load(w, 16), a, s1);
    s2 = madd(v128.load(w, 32), a, s2);
    s3 = madd(v128.load(w, 48), a, s3);
  }
  const at = to + offset;
  v128.store(at, s0);
  v128.store(at, s1, 16);
  v128.store(at, s2, 32);
  v128.store(at, s3, 48);
}
