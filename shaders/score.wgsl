// Adds up how good the answers of a step are, before it learns: the sums of `RunScores`
// (src/kernels/reference/score.ts).
// Workgroup = 64 samples, thread = sample.
// Sums are fixed-point numbers of two words, so that they do not depend on the order of the samples.
// uses: types

// [0]: number of outputs; then for each output SCORED_WORDS words, and the neurons of its positions,
// [position][value], NONE where a position is narrower.
@group(0) @binding(0) var<storage, read> control: Control;
@group(0) @binding(1) var<storage, read> order: array<u32>;
@group(0) @binding(2) var<storage, read> expected: array<f32>;
@group(0) @binding(3) var<storage, read> shown: array<f32>;
@group(0) @binding(4) var<storage, read> skipped: array<u32>;
@group(0) @binding(5) var<storage, read> scored: array<u32>;
// [0]: skipped samples; then for each output SCORE_WORDS words.
@group(0) @binding(6) var<storage, read_write> scores: array<atomic<u32>>;

// The threads need nothing of each other, so there is no barrier: drivers compile that ten times faster.
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let sample = id.x;
  if (sample >= control.samples) { return; }
  let state = skipped[sample];
  if (state != LEARNS_FROM) { atomicAdd(&scores[0], 1u); }
  if (state == IS_EXCLUDED) { return; }
  let first_target = order[control.first_row + sample] * control.outputs;
  let first_value = (control.result_row + sample) * control.outputs;
  for (var output = 0u; output < scored[0]; output++) {
    add_row(1u + output * SCORED_WORDS, 1u + output * SCORE_WORDS, first_target, first_value);
  }
}

// Adds a row of one output, whose words begin at `at` in `scored`, to its sums at `to` in `scores`.
fn add_row(at: u32, to: u32, first_target: u32, first_value: u32) {
  let neurons = scored[at];
  let positions = scored[at + 1u];
  let width = scored[at + 2u];
  let kind = scored[at + 3u];
  let wanted = bitcast<f32>(scored[at + 4u]);
  let other = bitcast<f32>(scored[at + 5u]);
  let least = bitcast<f32>(scored[at + 6u]);
  var count = 0.0;
  var wanted_count = 0.0;
  var zeros = 0.0;
  var right = 0.0;
  var error = 0.0;
  var squared_errors = 0.0;
  var targets = 0.0;
  var squared_targets = 0.0;
  var shares = 0.0;
  var true_value = 0.0;
  var true_share = 0.0;
  var highest = -1.0;
  for (var k = 0u; k < width; k++) {
    let first = scored[neurons + k];
    if (first == NONE) { continue; }
    let target_value = expected[first_target + first];
    if (target_value < 0.0) { continue; }
    var value = 0.0;
    for (var position = 0u; position < positions; position++) {
      let neuron = scored[neurons + position * width + k];
      if (neuron != NONE) { value += shown[first_value + neuron]; }
    }
    value /= f32(positions);
    let share = max(least, value - other);
    let is_wanted = target_value == wanted;
    count += 1.0;
    wanted_count += f32(is_wanted);
    zeros += f32(target_value == 0.0);
    right += f32((value >= 0.5) == (target_value >= 0.5));
    error += value - target_value;
    squared_errors += (value - target_value) * (value - target_value);
    targets += target_value;
    squared_targets += target_value * target_value;
    shares += share;
    true_value += select(0.0, value, is_wanted);
    true_share += select(0.0, share, is_wanted);
    highest = max(highest, select(value, -1.0, is_wanted));
  }
  if (count == 0.0) { return; }
  var hits = 0.0;
  var loss = 0.0;
  var is_odd = 0u;
  var squared_error = squared_errors / count;
  var number = targets / count;
  var squared_number = squared_targets / count;
  if (kind == SCORED_NUMBER) {
    let scale = count * (RAMP_HIGH - RAMP_LOW);
    squared_error = (error / scale) * (error / scale);
    number = (targets - count * RAMP_LOW) / scale;
    squared_number = number * number;
  } else if (kind == SCORED_BOOL) {
    hits = right / count;
  } else if (wanted_count == 1.0 && (kind == SCORED_CLASS || (count > 1.0 && wanted_count + zeros == count))) {
    hits = f32(true_value > highest);
    let probability = select(1.0 / count, true_share / shares, shares > 0.0);
    loss = -log(clamp(probability, SCORED_PROBABILITY_MIN, 1.0)) / SCORE_LOSS_MAX;
  } else {
    is_odd = 1u;
  }
  atomicAdd(&scores[to], 1u);
  atomicAdd(&scores[to + 1u], is_odd);
  // Sums have two words, the lower one first; what is added is from 0 to 2.
  let terms = array<f32, 5>(hits, squared_error, number, squared_number, loss);
  for (var i = 0u; i < 5u; i++) {
    let word = to + 2u + 2u * i;
    let units = u32(clamp(terms[i], 0.0, 2.0) * SCORE_UNITS + 0.5);
    let before = atomicAdd(&scores[word], units);
    if (before + units < before) { atomicAdd(&scores[word + 1u], 1u); }
  }
}
