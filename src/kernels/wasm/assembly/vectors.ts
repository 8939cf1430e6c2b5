/**
 * Vector helpers. `pmin` and `pmax` are single instructions, `min` and `max` are many; a NaN as second operand is
 * ignored.
 */
import { VALUE_MAX } from "../../../network/constants.ts";

// @ts-ignore: decorator
@inline
export function splat(x: f32): v128 {
  return f32x4.splat(x);
}

/** a * b + c, rounded twice. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  return f32x4.add(f32x4.mul(a, b), c);
}

/** Sum of the four lanes. */
// @ts-ignore: decorator
@inline
export function sum(v: v128): f32 {
  const t = f32x4.add(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(t, 0) + f32x4.extract_lane(t, 1);
}

/** Clamps weights, biases and deltas to the range in which nothing can overflow. */
// @ts-ignore: decorator
@inline
export function bounded(x: v128): v128 {
  return f32x4.pmax(f32x4.pmin(x, f32x4.splat(<f32>VALUE_MAX)), f32x4.splat(-<f32>VALUE_MAX));
}

/** Stores 16 floats. */
// @ts-ignore: decorator
@inline
export function store16(to: usize, a: v128, b: v128, c: v128, d: v128): void {
  v128.store(to, a);
  v128.store(to, b, 16);
  v128.store(to, c, 32);
  v128.store(to, d, 48);
}
