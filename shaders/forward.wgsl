// Values and slopes of a hexagon's neurons. Workgroup = block x 8 samples, thread = neuron: it keeps the sums of its 8
// samples in registers and walks the sections of its block in order, so every sum has a fixed order. For 32 sections at
// a time the threads first share the work of computing the activations; two places to put them save a barrier.
// Writes only values and slopes of its own block, and reads values of other hexagons only.
// uses: types, ramps, compress

const SAMPLES = 8u;
const SECTIONS = 32u;

@group(0) @binding(0) var<storage, read> control: Control;
@group(0) @binding(1) var<storage, read> blocks: array<Block>;
@group(0) @binding(2) var<storage, read> sections: array<Section>;
@group(0) @binding(3) var<storage, read> neurons: array<Neuron>;
@group(0) @binding(4) var<storage, read> weights: array<f32>;
@group(0) @binding(5) var<storage, read_write> values: array<f32>;
// Holds the slopes until the backward half multiplies them with what is asked of the neurons.
@group(0) @binding(6) var<storage, read_write> deltas: array<f32>;
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
  let tile = n / RUN;
  let count = blocks[block].sections;

  var sums: array<f32, SAMPLES>;
  for (var q = 0u; q < SAMPLES; q++) { sums[q] = neurons[block * NEURONS_PER_BLOCK + n].bias; }
  var shelf = 0u;
  for (var place = 0u; place < count; place += SECTIONS) {
    for (var i = n; i < SECTIONS * SAMPLES; i += 128u) {
      let mine = place + i / SAMPLES;
      let sample = first + i % SAMPLES;
      var ramps = vec4f();
      if (mine < count && sample < control.samples) {
        let section = blocks[block].places[mine];
        let value = source_value(section, sample);
        if (value > 0.0) { ramps = activate(section, value).ramps; }
      }
      activations[shelf + i] = ramps;
    }
    workgroupBarrier();
    for (var i = 0u; i < min(SECTIONS, count - place); i++) {
      let section = blocks[block].places[place + i];
      let run = run_of_tile(sections[section].seed, tile);
      let ramp = run * RUN / ramp_size(sections[section].kind);
      let weight = weights[section * SYNAPSES_PER_SECTION + n];
      for (var q = 0u; q < SAMPLES; q++) { sums[q] += weight * activations[shelf + i * SAMPLES + q][ramp]; }
    }
    shelf = SECTIONS * SAMPLES - shelf;
  }
  // The next block starts with the first shelf again.
  workgroupBarrier();

  for (var q = 0u; q < min(SAMPLES, control.samples - first); q++) {
    let i = at(block, first + q) + n;
    let sum = sums[q];
    if (scope.has_memory != 0u) {
      values[i] = sum;
    } else {
      values[i] = compress(sum);
      deltas[i] = select(0.0, LOG2E / (1.0 + sum), sum > 0.0);
    }
  }
}
