/** log2 and the sigmoid as fitted polynomials. */
import { madd } from "./vectors.ts";

export const LOG2_E: f32 = Mathf.LOG2E;

/**
 * log2 of numbers >= 1. The mantissa's part is m + m (1 - m) Q(m) with Q fitted to an error of 3.3e-7; it is exact
 * where the exponent changes, so the function rises without a jump.
 */
// @ts-ignore: decorator
@inline
export function log2(x: v128): v128 {
  const one = f32x4.splat(1);
  const exponent = i32x4.shr_s(i32x4.sub(x, one), 23);
  const m = f32x4.sub(i32x4.sub(x, i32x4.shl(exponent, 23)), one);
  let q = f32x4.splat(-0.01520908996462822);
  q = madd(q, m, f32x4.splat(0.06332581490278244));
  q = madd(q, m, f32x4.splat(-0.12970374524593353));
  q = madd(q, m, f32x4.splat(0.19543637335300446));
  q = madd(q, m, f32x4.splat(-0.2778877913951874));
  q = madd(q, m, f32x4.splat(0.4426664412021637));
  return f32x4.add(madd(f32x4.mul(m, f32x4.sub(one, m)), q, m), f32x4.convert_i32x4_s(exponent));
}

/** 1 / (1 + e^-x), by a polynomial of degree 5 for 2^fraction; error about 2e-7. */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const scaled = f32x4.mul(x, f32x4.splat(-LOG2_E));
  const t = f32x4.pmax(f32x4.splat(-126), f32x4.pmin(f32x4.splat(126), scaled));
  const whole = f32x4.floor(t);
  const f = f32x4.sub(t, whole);
  let p = f32x4.splat(1.8775767e-3);
  p = madd(p, f, f32x4.splat(8.9893397e-3));
  p = madd(p, f, f32x4.splat(5.5826318e-2));
  p = madd(p, f, f32x4.splat(2.4015361e-1));
  p = madd(p, f, f32x4.splat(6.9315308e-1));
  p = madd(p, f, f32x4.splat(9.9999994e-1));
  const scale = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(whole), i32x4.splat(127)), 23);
  return f32x4.div(f32x4.splat(1), madd(p, scale, f32x4.splat(1)));
}
