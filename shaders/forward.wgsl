// Values and slopes of a hexagon's neurons. Workgroup = block x 16 samples, thread = 4 neighbouring neurons x 4 samples:
// it keeps its sums in registers and walks the sections of its block in order, so every sum has a fixed order. For 16
// sections at a time the threads first share the work of computing the activations; two places to put them save a
// barrier. Writes only values and slopes of its own block, and reads values of other hexagons only.
// uses: types, ramps, compress

const SAMPLES = 16u;
const SECTIONS = 16u;
// Threads that share a sample, and samples of a thread.
const LANES = 32u;
const MINE = 4u;

@group(0) @binding(0) var<storage, read> control: Control;
@group(0) @binding(1) var<storage, read> blocks: array<Block>;
@group(0) @binding(2) var<storage, read> sections: array<Section>;
@group(0) @binding(3) var<storage, read> neurons: array<Neuron>;
@group(0) @binding(4) var<storage, read> weights: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> values: array<f32>;
// Holds the slopes until the backward half multiplies them with what is asked of the neurons.
@group(0) @binding(6) var<storage, read_write> deltas: array<vec4f>;
@group(0) @binding(7) var<uniform> scope: Scope;

// [parity][section][sample]
var<workgroup> activations: array<vec4f, 512>;

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) n: u32) {
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
  let count = blocks[block].sections;

  let id = block * NEURONS_PER_BLOCK + lane * 4u;
  let bias = vec4f(neurons[id].bias, neurons[id + 1u].bias, neurons[id + 2u].bias, neurons[id + 3u].bias);
  var sums = array<vec4f, MINE>(bias, bias, bias, bias);
  var shelf = 0u;
  for (var place = 0u; place < count; place += SECTIONS) {
    for (var i = n; i < SECTIONS * SAMPLES; i += 128u) {
      let sample = first + i % SAMPLES;
      var ramps = vec4f();
      if (place + i / SAMPLES < count && sample < control.samples) {
        let section = blocks[block].places[place + i / SAMPLES];
        let value = source_value(section, sample);
        if (value > 0.0) { ramps = activate(section, value).ramps; }
      }
      activations[shelf + i] = ramps;
    }
    workgroupBarrier();
    if (is_needed) {
      for (var i = 0u; i < min(SECTIONS, count - place); i++) {
        let section = blocks[block].places[place + i];
        let run = run_of_tile(sections[section].seed, tile);
        let ramp = run * RUN / ramp_size(sections[section].kind);
        let weight = weights[section * LANES + lane];
        for (var q = 0u; q < MINE; q++) { sums[q] += weight * activations[shelf + i * SAMPLES + mine + q][ramp]; }
      }
    }
    shelf = SECTIONS * SAMPLES - shelf;
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
