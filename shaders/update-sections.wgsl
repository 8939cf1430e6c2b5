// Computes the gradients of the sections' weights over the learners, and updates the weights. Workgroup = 4 sections,
// thread = 4 adjacent synapses of one section: it owns their weights, moments and changes. The activations of 32
// samples at a time are computed together.
// The gradients are centred: activations are never negative, so all samples share one large direction that alone would
// limit the step. `changes` tells `update_neurons` how far each synapse moves its neuron's mean input. In batches the
// means are those of the batch, online they run over earlier samples.
// uses: types, ramps, power, online

const SECTIONS = 4u;
const SAMPLES = 32u;
// Threads per section, and per run.
const LANES = 32u;
const RUN_LANES = 8u;

@group(0) @binding(0) var<storage, read> control: Control;
@group(0) @binding(1) var<storage, read_write> sections: array<Section>;
@group(0) @binding(2) var<storage, read> neurons: array<Neuron>;
@group(0) @binding(3) var<storage, read> values: array<f32>;
@group(0) @binding(4) var<storage, read> deltas: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> weights: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> moments: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> changes: array<vec4f>;

// [parity][section][tile][sample]: the activation of the ramp that ends in this tile; double buffering saves a barrier.
var<workgroup> activations: array<f32, 1024>;
// [parity][sample]
var<workgroup> learners: array<u32, 64>;
// [section][lane]
var<workgroup> squares: array<f32, 128>;
var<workgroup> touching: array<u32, 128>;

@compute @workgroup_size(128)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) n: u32,
) {
  if (control.learning == 0u) { return; }
  for (var first = group.x * SECTIONS; first < control.sections; first += groups.x * SECTIONS) {
    update(first + n / LANES, n % LANES, n);
  }
}

fn update(number: u32, lane: u32, n: u32) {
  // Threads beyond the last section keep running for the barriers, but write nothing.
  let is_there = number < control.sections;
  let section = within(number, control.sections);
  let size = ramp_size(sections[section].kind);
  let seed = sections[section].seed;
  let run = run_of_tile(seed, lane / RUN_LANES);
  let ramp = run * RUN / size;
  let used = sections[section].ramps;
  let block = within(sections[section].target_block, control.blocks);
  let first_tile = tile_of_run(seed, 0u);

  let tile = lane / RUN_LANES;
  let local = n / LANES;

  var gradient = vec4f();
  var activation_sum = 0.0;
  var touches = false;
  var shelf = 0u;
  for (var first = 0u; first < control.learning; first += SAMPLES) {
    var by_tile = vec4f();
    if (first + lane < control.learning) {
      let learner = control.learners[first + lane];
      by_tile = activate_tiles(section, learner);
      // A sample that touches a section touches its first ramp.
      touches |= by_tile[first_tile] > 0.0;
      if (n < LANES) { learners[shelf * SAMPLES + lane] = learner; }
    }
    let slot = (shelf * SECTIONS + local) * 4u;
    for (var t = 0u; t < 4u; t++) { activations[(slot + t) * SAMPLES + lane] = by_tile[t]; }
    workgroupBarrier();
    for (var l = 0u; l < min(SAMPLES, control.learning - first); l++) {
      let activation = activations[(slot + tile) * SAMPLES + l];
      if (activation > 0.0) {
        activation_sum += activation;
        gradient += deltas[at(block, learners[shelf * SAMPLES + l]) / 4u + lane] * activation;
      }
    }
    shelf = 1u - shelf;
  }
  let mean = activation_sum / f32(control.learning);
  let id = block * NEURONS_PER_BLOCK + lane * 4u;
  let delta_sums = vec4f(
    neurons[id].delta_sum,
    neurons[id + 1u].delta_sum,
    neurons[id + 2u].delta_sum,
    neurons[id + 3u].delta_sum,
  );
  let centred = (gradient - delta_sums * mean) / f32(control.samples);
  let old_square = sections[section].squares[ramp];
  let old_mean = sections[section].means[tile];
  let seen = sections[section].seen;
  squares[n] = dot(centred, centred);
  touching[n] = select(0u, 1u, touches);
  // This barrier also keeps the next sections' activations from overtaking these.
  workgroupBarrier();
  var is_touched = false;
  for (var i = n - lane; i < n - lane + LANES; i++) { is_touched |= touching[i] != 0u; }
  if (is_there && lane == 0u) {
    sections[section].touched = select(0u, 1u, is_touched);
    if (is_touched && control.mode == MODE_ONLINE) { sections[section].seen = control.online_samples; }
  }
  if (!is_there || !is_touched || ramp >= used) { return; }

  let i = section * LANES + lane;
  if (control.mode == MODE_ONLINE) {
    // The ramp was silent in all samples that the section missed.
    let missed = control.online_samples - control.learning - seen;
    let decayed = old_mean * power(1.0 - share_of(RAMP_MEAN_SHARE), missed);
    let running = settled(decayed + share_of_all(RAMP_MEAN_SHARE) * (mean - decayed));
    if (lane % RUN_LANES == 0u) { sections[section].means[tile] = running; }
    let delta_means = vec4f(
      neurons[id].delta_mean,
      neurons[id + 1u].delta_mean,
      neurons[id + 2u].delta_mean,
      neurons[id + 3u].delta_mean,
    );
    let taken = control.rate * (gradient - delta_means * activation_sum);
    weights[i] = clamp(weights[i] - taken, vec4f(-VALUE_MAX), vec4f(VALUE_MAX));
    changes[i] = -taken * running;
    return;
  }
  // Every thread sums its whole ramp: this is cheaper than the barriers of a tree, and all threads get the same bits.
  var square_sum = 0.0;
  let runs = size / RUN;
  for (var r = ramp * runs; r < (ramp + 1u) * runs; r++) {
    let head = n - lane + tile_of_run(seed, r) * RUN_LANES;
    for (var s = head; s < head + RUN_LANES; s++) { square_sum += squares[s]; }
  }
  let square = SQUARE_KEEP * old_square + (1.0 - SQUARE_KEEP) * (square_sum / f32(size));
  let step = control.rate / control.moment_correction / (sqrt(square / control.square_correction) + ADAM_EPSILON);
  let moment = MOMENT_KEEP * moments[i] + (1.0 - MOMENT_KEEP) * centred;
  let before = weights[i];
  let decayed = before * (1.0 - control.weight_decay * control.rate);
  let after = clamp(
    decayed - step * (MOMENT_KEEP * moment + (1.0 - MOMENT_KEEP) * centred),
    vec4f(-VALUE_MAX),
    vec4f(VALUE_MAX),
  );
  if (run == ramp * runs && lane % RUN_LANES == 0u) { sections[section].squares[ramp] = square; }
  moments[i] = moment;
  weights[i] = after;
  changes[i] = (after - before) * mean;
}
