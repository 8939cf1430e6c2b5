// Keeps the last sample's values for connections that run backwards. One thread per neuron.
// uses: types

@group(0) @binding(0) var<storage, read> control: Control;
@group(0) @binding(1) var<storage, read> values: array<f32>;
@group(0) @binding(2) var<storage, read_write> neurons: array<Neuron>;

@compute @workgroup_size(128)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) n: u32,
) {
  if (control.samples == 0u) { return; }
  for (var block = group.x; block < control.blocks; block += groups.x) {
    neurons[block * NEURONS_PER_BLOCK + n].last_value = values[at(block, control.samples - 1u) + n];
  }
}
