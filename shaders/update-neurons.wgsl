// Updates the biases. Workgroup = block, thread = neuron. A thread visits the sections of its block in order and
// subtracts the effect of their changes on its mean input; then it steps the bias itself. The threads first read 128
// sections together, so that no load in the loop must wait for another one.
// uses: types, adam, online

@group(0) @binding(0) var<storage, read> control: Control;
@group(0) @binding(1) var<storage, read> hexagons: array<Hexagon>;
@group(0) @binding(2) var<storage, read> blocks: array<Block>;
@group(0) @binding(3) var<storage, read> sections: array<Section>;
@group(0) @binding(4) var<storage, read> changes: array<f32>;
@group(0) @binding(5) var<storage, read_write> neurons: array<Neuron>;

// Indices of the block's changed sections, NONE for the others; and a bit for each of their tiles that has synapses.
var<workgroup> numbers: array<u32, 128>;
var<workgroup> tiles_used: array<u32, 128>;

@compute @workgroup_size(128)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) n: u32,
) {
  if (control.learning == 0u) { return; }
  for (var block = group.x; block < control.blocks; block += groups.x) {
    if (hexagons[within(blocks[block].hexagon, control.hexagons)].role != ROLE_INPUT) { update(block, n); }
  }
}

fn update(block: u32, n: u32) {
  let id = block * NEURONS_PER_BLOCK + n;
  var bias = neurons[id].bias;
  let delta_sum = neurons[id].delta_sum;
  let count = min(blocks[block].sections, SECTIONS_PER_BLOCK);
  for (var place = 0u; place < count; place += 128u) {
    look(block, place + n, count, n);
    workgroupBarrier();
    for (var i = 0u; i < min(128u, count - place); i += 4u) {
      var taken = vec4f();
      for (var k = 0u; k < 4u; k++) {
        let number = numbers[i + k];
        if (number == NONE || ((tiles_used[i + k] >> (n / RUN)) & 1u) == 0u) { continue; }
        taken[k] = changes[number * SYNAPSES_PER_SECTION + n];
      }
      for (var k = 0u; k < 4u; k++) { bias = bounded(bias - taken[k]); }
    }
    workgroupBarrier();
  }
  if (control.mode == MODE_ONLINE) {
    neurons[id].bias = bounded(bias - control.rate * delta_sum);
    let before = neurons[id].delta_mean;
    let mean = before + share_of_all(DELTA_MEAN_SHARE) * (delta_sum / f32(control.learning) - before);
    neurons[id].delta_mean = settled(mean);
    return;
  }
  let old = vec3f(bias, neurons[id].bias_moment, neurons[id].bias_square);
  let stepped = adam(old, delta_sum / f32(control.samples), control.rate);
  neurons[id].bias = stepped.x;
  neurons[id].bias_moment = stepped.y;
  neurons[id].bias_square = stepped.z;
}

fn look(block: u32, place: u32, count: u32, n: u32) {
  numbers[n] = NONE;
  if (place >= count) { return; }
  let section = within(blocks[block].places[place], control.sections);
  if (sections[section].touched == 0u) { return; }
  let runs = ramp_size(sections[section].kind) / RUN;
  var used = 0u;
  for (var t = 0u; t < 4u; t++) {
    if (run_of_tile(sections[section].seed, t) / runs < sections[section].ramps) { used |= 1u << t; }
  }
  numbers[n] = section;
  tiles_used[n] = used;
}
