// Gradients of a section's weights over the samples that take part, and their update. Workgroup = section, thread =
// synapse, named by the neuron that it leads to: it owns its weight, moment and change. 128 activations at a time are computed together.
// In batches the gradients are centred: activations are never negative, so all samples share one large direction that
// alone would limit the step. `changes` tells `update_neurons` by how much each synapse moves its neuron's mean input.
// uses: types, ramps

@group(0) @binding(0) var<storage, read> control: Control;
@group(0) @binding(1) var<storage, read_write> sections: array<Section>;
@group(0) @binding(2) var<storage, read> neurons: array<Neuron>;
@group(0) @binding(3) var<storage, read> values: array<f32>;
@group(0) @binding(4) var<storage, read> deltas: array<f32>;
@group(0) @binding(5) var<storage, read_write> weights: array<f32>;
@group(0) @binding(6) var<storage, read_write> moments: array<f32>;
@group(0) @binding(7) var<storage, read_write> changes: array<f32>;

// [parity][sample]: two places save a barrier.
var<workgroup> activations: array<vec4f, 256>;
var<workgroup> squares: array<f32, 128>;

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) n: u32) {
  if (control.learning == 0u) { return; }
  for (var section = group.x; section < control.sections; section += groups.x) { update(section, n); }
}

fn update(section: u32, n: u32) {
  let kind = sections[section].kind;
  let size = ramp_size(kind);
  let run = run_of_tile(sections[section].seed, n / RUN);
  let ramp = run * RUN / size;
  let used = sections[section].ramps;
  let block = sections[section].target_block;

  var gradient = 0.0;
  var activation_sum = 0.0;
  var is_touched = false;
  var shelf = 0u;
  for (var first = 0u; first < control.learning; first += 128u) {
    var mine = vec4f();
    if (first + n < control.learning) {
      let value = source_value(section, control.learners[first + n]);
      if (value > 0.0) { mine = activate(section, value).ramps; }
    }
    activations[shelf + n] = mine;
    workgroupBarrier();
    for (var l = 0u; l < min(128u, control.learning - first); l++) {
      // Whatever touches a section touches its first ramp.
      is_touched |= activations[shelf + l].x > 0.0;
      let activation = activations[shelf + l][ramp];
      if (activation > 0.0) {
        activation_sum += activation;
        gradient += deltas[at(block, control.learners[first + l]) + n] * activation;
      }
    }
    shelf = 128u - shelf;
  }
  let mean = activation_sum / f32(control.learning);
  let centred = (gradient - neurons[block * NEURONS_PER_BLOCK + n].delta_sum * mean) / f32(control.samples);
  let old_square = sections[section].squares[ramp];
  squares[n] = centred * centred;
  // Also keeps the next section's activations from overtaking this one's.
  workgroupBarrier();
  if (n == 0u) { sections[section].touched = select(0u, 1u, is_touched); }
  if (!is_touched || ramp >= used) { return; }

  let i = section * SYNAPSES_PER_SECTION + n;
  if (control.mode == MODE_ONLINE) {
    weights[i] = bounded(weights[i] - control.rate * gradient);
    return;
  }
  // Every thread adds up its whole ramp: cheaper than the barriers of a tree, and all get the same bits.
  var square_sum = 0.0;
  let runs = size / RUN;
  for (var r = ramp * runs; r < (ramp + 1u) * runs; r++) {
    let head = tile_of_run(sections[section].seed, r) * RUN;
    for (var s = head; s < head + RUN; s++) { square_sum += squares[s]; }
  }
  let square = SQUARE_KEEP * old_square + (1.0 - SQUARE_KEEP) * (square_sum / f32(size));
  let step = control.rate / control.moment_correction / (sqrt(square / control.square_correction) + ADAM_EPSILON);
  let moment = MOMENT_KEEP * moments[i] + (1.0 - MOMENT_KEEP) * centred;
  let before = weights[i];
  let after = bounded(before * (1.0 - WEIGHT_DECAY * control.rate) - step * (MOMENT_KEEP * moment + (1.0 - MOMENT_KEEP) * centred));
  if (run == ramp * runs && n % RUN == 0u) { sections[section].squares[ramp] = square; }
  moments[i] = moment;
  weights[i] = after;
  changes[i] = (after - before) * mean;
}
