// Neurons with a memory: one thread per neuron processes the samples in order. Each cycle divides the remaining
// potential by the cooldown. Every `refractory_time`th cycle adds the input, which `forward` left in `values`; the
// cycles in between discard it. The memory holds the raw potential; only the value that other neurons see is
// compressed.
// uses: types, compress

@group(0) @binding(0) var<storage, read> control: Control;
@group(0) @binding(1) var<storage, read> blocks: array<Block>;
@group(0) @binding(2) var<storage, read_write> neurons: array<Neuron>;
@group(0) @binding(3) var<storage, read_write> values: array<f32>;
@group(0) @binding(4) var<storage, read_write> deltas: array<f32>;
@group(0) @binding(5) var<uniform> scope: Scope;

@compute @workgroup_size(128)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) n: u32,
) {
  for (var block = group.x; block < control.blocks; block += groups.x) {
    if (blocks[block].hexagon == scope.hexagon) { walk(block, n); }
  }
}

fn walk(block: u32, n: u32) {
  let id = block * NEURONS_PER_BLOCK + n;
  var potential = neurons[id].potential;
  var refractory = neurons[id].refractory;
  for (var q = 0u; q < control.samples; q++) {
    let i = at(block, q) + n;
    let rested = max(refractory, 1u) - 1u;
    let accepts = rested == 0u;
    potential = max(0.0, potential / scope.cooldown + select(0.0, values[i], accepts));
    refractory = select(rested, scope.refractory_time, accepts);
    values[i] = compress(potential);
    deltas[i] = select(0.0, LOG2E / (1.0 + potential), accepts && potential > 0.0);
  }
  neurons[id].potential = potential;
  neurons[id].refractory = refractory;
}
