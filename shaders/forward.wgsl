// Computes the values and slopes of a hexagon's neurons. Workgroup = block x 16 samples, thread = 4 adjacent neurons x
// 4 samples: it keeps its sums in registers and visits the sections of its block in order, so every sum has a fixed
// order. The threads first share the work of computing the activations of 16 sections; double buffering saves a
// barrier. Writes only values and slopes of its own block, and reads values of other hexagons only.
// uses: types, ramps, compress

const SAMPLES = 16u;
const SECTIONS = 16u;
// Threads per sample, and samples per thread.
const LANES = 32u;
const MINE = 4u;

@group(0) @binding(0) var<storage, read> control: Control;
@group(0) @binding(1) var<storage, read> blocks: array<Block>;
@group(0) @binding(2) var<storage, read> sections: array<Section>;
@group(0) @binding(3) var<storage, read> neurons: array<Neuron>;
@group(0) @binding(4) var<storage, read> weights: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> values: array<f32>;
// Holds the slopes until the backward pass multiplies them by the gradients over the neurons' values.
@group(0) @binding(6) var<storage, read_write> deltas: array<vec4f>;
@group(0) @binding(7) var<uniform> scope: Scope;

// [parity][section][tile][sample]: the activation of the ramp that ends in this tile of the block.
var<workgroup> activations: array<f32, 2048>;
// [parity][section]
var<workgroup> numbers: array<u32, 32>;

@compute @workgroup_size(128)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) n: u32,
) {
  let first = group.y * SAMPLES;
  if (first >= control.samples) { return; }
  for (var block = group.x; block < control.blocks; block += groups.x) {
    if (blocks[block].hexagon == scope.hexagon) { compute(block, first, n); }
  }
}

fn compute(block: u32, first: u32, n: u32) {
  let lane = n % LANES;
  let mine = n / LANES * MINE;
  let is_needed = first + mine < control.samples;
  let tile = lane * 4u / RUN;
  let count = min(blocks[block].sections, SECTIONS_PER_BLOCK);

  let id = block * NEURONS_PER_BLOCK + lane * 4u;
  let bias = vec4f(neurons[id].bias, neurons[id + 1u].bias, neurons[id + 2u].bias, neurons[id + 3u].bias);
  var sums = array<vec4f, MINE>(bias, bias, bias, bias);
  var shelf = 0u;
  for (var place = 0u; place < count; place += SECTIONS) {
    for (var i = n; i < SECTIONS * SAMPLES; i += 128u) {
      let sample = first + i % SAMPLES;
      let slot = shelf * SECTIONS + i / SAMPLES;
      var by_tile = vec4f();
      if (place + i / SAMPLES < count) {
        let section = within(blocks[block].places[place + i / SAMPLES], control.sections);
        if (i % SAMPLES == 0u) { numbers[slot] = section; }
        if (sample < control.samples) { by_tile = activate_tiles(section, sample); }
      }
      for (var t = 0u; t < 4u; t++) { activations[(slot * 4u + t) * SAMPLES + i % SAMPLES] = by_tile[t]; }
    }
    workgroupBarrier();
    if (is_needed) {
      for (var i = 0u; i < min(SECTIONS, count - place); i++) {
        let slot = shelf * SECTIONS + i;
        let a = (slot * 4u + tile) * SAMPLES + mine;
        let activation = vec4f(activations[a], activations[a + 1u], activations[a + 2u], activations[a + 3u]);
        // Activations are never negative. Threads that share samples take the same branch, and most sections are silent
        // in most samples.
        if (activation.x + activation.y + activation.z + activation.w == 0.0) { continue; }
        let weight = weights[numbers[slot] * LANES + lane];
        for (var q = 0u; q < MINE; q++) { sums[q] += weight * activation[q]; }
      }
    }
    shelf = 1u - shelf;
  }
  // The next block starts with the first shelf again.
  workgroupBarrier();

  for (var q = 0u; q < MINE; q++) {
    if (first + mine + q >= control.samples) { break; }
    let i = at(block, first + mine + q) + lane * 4u;
    let sum = sums[q];
    if (scope.has_memory == 0u) { deltas[i / 4u] = select(vec4f(), LOG2E / (1.0 + sum), sum > vec4f()); }
    for (var k = 0u; k < 4u; k++) { values[i + k] = select(compress(sum[k]), sum[k], scope.has_memory != 0u); }
  }
}
