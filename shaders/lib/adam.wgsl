// One Adam step with Nesterov momentum: x = weight, y = first moment, z = second moment.
// A gradient of exactly 0 (a silent neuron, an unused output) changes nothing.

fn adam(old: vec3f, gradient: f32, rate: f32) -> vec3f {
  if (gradient == 0.0) { return old; }
  let moment = MOMENT_KEEP * old.y + (1.0 - MOMENT_KEEP) * gradient;
  let square = SQUARE_KEEP * old.z + (1.0 - SQUARE_KEEP) * gradient * gradient;
  let ahead = (MOMENT_KEEP * moment + (1.0 - MOMENT_KEEP) * gradient) / control.moment_correction;
  let step = rate * ahead / (sqrt(square / control.square_correction) + ADAM_EPSILON);
  return vec3f(bounded(old.x - step), moment, square);
}
