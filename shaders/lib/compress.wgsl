// log2(1 + max(0, x)). Tiny inputs keep their precision: a barely positive neuron is positive in every engine.
fn compress(x: f32) -> f32 {
  if (x <= 0.0) { return 0.0; }
  if (x < 0.001) { return x * LOG2E * (1.0 - x * (0.5 - x / 3.0)); }
  return log2(1.0 + x);
}
