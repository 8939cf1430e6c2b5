// Silences all neurons, in networks where a block can be added to a hexagon whose values are already computed. One
// thread per value.
// uses: types

@group(0) @binding(0) var<storage, read> control: Control;
@group(0) @binding(1) var<storage, read_write> values: array<f32>;
@group(0) @binding(2) var<storage, read_write> deltas: array<f32>;

@compute @workgroup_size(128)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) n: u32,
) {
  if (group.y >= control.samples) { return; }
  for (var block = group.x; block < control.block_capacity; block += groups.x) {
    let i = at(block, group.y) + n;
    values[i] = 0.0;
    deltas[i] = 0.0;
  }
}
