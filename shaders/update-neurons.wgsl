// Update of the biases. Workgroup = block, thread = neuron: in batches it walks the sections of its block in order and
// takes back what their changes did to its mean input; then comes the step of the bias itself.
// uses: types, adam

@group(0) @binding(0) var<storage, read> control: Control;
@group(0) @binding(1) var<storage, read> hexagons: array<Hexagon>;
@group(0) @binding(2) var<storage, read> blocks: array<Block>;
@group(0) @binding(3) var<storage, read> sections: array<Section>;
@group(0) @binding(4) var<storage, read> changes: array<f32>;
@group(0) @binding(5) var<storage, read_write> neurons: array<Neuron>;

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) n: u32) {
  if (control.learning == 0u) { return; }
  for (var block = group.x; block < control.blocks; block += groups.x) {
    if (hexagons[blocks[block].hexagon].role != ROLE_INPUT) { update(block, n); }
  }
}

fn update(block: u32, n: u32) {
  let id = block * NEURONS_PER_BLOCK + n;
  var bias = neurons[id].bias;
  let delta_sum = neurons[id].delta_sum;
  if (control.mode == MODE_ONLINE) {
    neurons[id].bias = bounded(bias - control.rate * delta_sum);
    return;
  }
  for (var place = 0u; place < blocks[block].sections; place++) {
    let section = blocks[block].places[place];
    if (sections[section].touched == 0u) { continue; }
    let run = run_of_tile(sections[section].seed, n / RUN);
    if (run * RUN / ramp_size(sections[section].kind) >= sections[section].ramps) { continue; }
    bias = bounded(bias - changes[section * SYNAPSES_PER_SECTION + n]);
  }
  let stepped = adam(vec3f(bias, neurons[id].bias_moment, neurons[id].bias_square), delta_sum / f32(control.samples), control.rate);
  neurons[id].bias = stepped.x;
  neurons[id].bias_moment = stepped.y;
  neurons[id].bias_square = stepped.z;
}
