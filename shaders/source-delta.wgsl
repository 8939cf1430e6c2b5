// Deltas of a hidden hexagon's neurons, from the deltas of later hexagons. The slope is the true one: of each section,
// only the last touched ramp moves with its source. Workgroup = neuron x 64 learners, thread = learner: all threads
// read the same weights. A thread turns its own slope into a delta and reads deltas of later hexagons only.
// uses: types, ramps

@group(0) @binding(0) var<storage, read> control: Control;
@group(0) @binding(1) var<storage, read> blocks: array<Block>;
@group(0) @binding(2) var<storage, read> sections: array<Section>;
@group(0) @binding(3) var<storage, read> neurons: array<Neuron>;
@group(0) @binding(4) var<storage, read> weights: array<f32>;
@group(0) @binding(5) var<storage, read> values: array<f32>;
@group(0) @binding(6) var<storage, read_write> deltas: array<f32>;
@group(0) @binding(7) var<uniform> scope: Scope;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) n: u32,
) {
  for (var learner = group.z * 64u + n; learner < control.learning; learner += groups.z * 64u) {
    for (var block = group.x; block < control.blocks; block += groups.x) {
      if (blocks[block].hexagon == scope.hexagon) { ask(block, group.y, control.learners[learner]); }
    }
  }
}

fn ask(block: u32, neuron: u32, sample: u32) {
  let i = at(block, sample) + neuron;
  let slope = deltas[i];
  if (slope == 0.0) { return; }
  let value = values[i];
  var sum = 0.0;
  let id = block * NEURONS_PER_BLOCK + neuron;
  var section = neurons[id].head;
  // A list holds sections of its own neuron, newest first. These checks end even a damaged list, and no section
  // repeats.
  while (section < control.sections && sections[section].source == id) {
    if ((sections[section].kind & LEARNS) != 0u) { sum += asked(section, sample, value); }
    let next = sections[section].next;
    if (next >= section) { break; }
    section = next;
  }
  deltas[i] = bounded(sum * slope);
}

fn asked(section: u32, sample: u32, value: f32) -> f32 {
  let activation = activate(section, value);
  if (activation.touched == 0u || activation.slope == 0.0) { return 0.0; }
  let runs = ramp_size(sections[section].kind) / RUN;
  let seed = sections[section].seed;
  let targets = at(within(sections[section].target_block, control.blocks), sample);
  var sum = 0.0;
  for (var run = (activation.touched - 1u) * runs; run < activation.touched * runs; run++) {
    let first = tile_of_run(seed, run) * RUN;
    let w = section * SYNAPSES_PER_SECTION + first;
    let t = targets + first;
    for (var s = 0u; s < RUN; s++) { sum += deltas[t + s] * weights[w + s]; }
  }
  return sum * activation.slope;
}
