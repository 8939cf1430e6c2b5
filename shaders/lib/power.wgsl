// base^exponent by repeated squaring, which is as exact as products are; `pow` may be far off.
fn power(base: f32, exponent: u32) -> f32 {
  var result = 1.0;
  var factor = base;
  for (var rest = exponent; rest != 0u; rest >>= 1u) {
    if ((rest & 1u) != 0u) { result *= factor; }
    factor *= factor;
  }
  return result;
}
