// Computes the errors of all samples, and which samples learn: one whose expected values are all exactly 0 or 1 and
// nearly reached is skipped. Workgroup = sample; its threads share the output neurons.
// `order` maps a cycle to its row; `expected` is [row][output neuron]: 0..1, NO_OPINION, or EXCLUDED when the whole
// sample must not teach.
// uses: types

@group(0) @binding(0) var<storage, read> control: Control;
@group(0) @binding(1) var<storage, read> hexagons: array<Hexagon>;
@group(0) @binding(2) var<storage, read> outputs: array<Output>;
@group(0) @binding(3) var<storage, read> order: array<u32>;
@group(0) @binding(4) var<storage, read> expected: array<f32>;
@group(0) @binding(5) var<storage, read> shown: array<f32>;
// [sample][output neuron]
@group(0) @binding(6) var<storage, read_write> errors: array<f32>;
// [sample]: LEARNS_FROM, IS_REACHED or IS_EXCLUDED
@group(0) @binding(7) var<storage, read_write> skipped: array<u32>;

var<workgroup> teaches: atomic<u32>;
var<workgroup> is_excluded: atomic<u32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) n: u32) {
  let sample = group.x;
  if (sample >= control.samples) { return; }
  let row = order[control.first_row + sample];
  for (var k = n; k < control.outputs; k += 64u) {
    let target_value = expected[row * control.outputs + k];
    var error = 0.0;
    if (target_value == EXCLUDED) { atomicStore(&is_excluded, 1u); }
    if (target_value >= 0.0 && hexagons[outputs[k].hexagon].blocks > 0u) {
      error = shown[(control.result_row + sample) * control.outputs + k] - target_value;
      let is_hard = target_value == 0.0 || target_value == 1.0;
      if (!is_hard || abs(error) >= SKIP_ERROR) { atomicStore(&teaches, 1u); }
    }
    errors[sample * control.outputs + k] = error;
  }
  workgroupBarrier();
  if (n == 0u) {
    let is_reached = atomicLoad(&teaches) == 0u;
    skipped[sample] = select(select(LEARNS_FROM, IS_REACHED, is_reached), IS_EXCLUDED, atomicLoad(&is_excluded) == 1u);
  }
}
