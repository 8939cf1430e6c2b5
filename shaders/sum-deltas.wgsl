// Sums each neuron's deltas over the learners. One thread per neuron, which writes its own sum.
// uses: types

@group(0) @binding(0) var<storage, read> control: Control;
@group(0) @binding(1) var<storage, read> blocks: array<Block>;
@group(0) @binding(2) var<storage, read> hexagons: array<Hexagon>;
@group(0) @binding(3) var<storage, read> deltas: array<f32>;
@group(0) @binding(4) var<storage, read_write> neurons: array<Neuron>;

@compute @workgroup_size(128)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) n: u32,
) {
  for (var block = group.x; block < control.blocks; block += groups.x) {
    if (hexagons[within(blocks[block].hexagon, control.hexagons)].role == ROLE_INPUT) { continue; }
    var sum = 0.0;
    for (var l = 0u; l < control.learning; l++) { sum += deltas[at(block, control.learners[l]) + n]; }
    neurons[block * NEURONS_PER_BLOCK + n].delta_sum = sum;
  }
}
