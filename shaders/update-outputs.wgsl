// Updates the biases of the output neurons. One thread per output neuron, which owns its bias.
// uses: types, adam

@group(0) @binding(0) var<storage, read> control: Control;
@group(0) @binding(1) var<storage, read> errors: array<f32>;
@group(0) @binding(2) var<storage, read_write> outputs: array<Output>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let output = id.x;
  if (output >= control.outputs || control.learning == 0u) { return; }
  var gradient = 0.0;
  for (var l = 0u; l < control.learning; l++) { gradient += errors[control.learners[l] * control.outputs + output]; }
  let old = outputs[output];
  let rate = control.rate * READOUT_RATE_SHARE;
  if (control.mode == MODE_ONLINE) {
    outputs[output].bias = bounded(old.bias - rate * gradient);
    return;
  }
  let stepped = adam(vec3f(old.bias, old.bias_moment, old.bias_square), gradient / f32(control.samples), rate);
  outputs[output].bias = stepped.x;
  outputs[output].bias_moment = stepped.y;
  outputs[output].bias_square = stepped.z;
}
