// Adds up how good the answers of a step are, before it learns: the sums of `RunScores`
// (src/kernels/reference/score.ts).
// Workgroup = sample; its threads share the output neurons, and its first thread adds to the sums of each output.
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

const THREADS = 64u;

struct Partial {
  count: u32,
  wanted: u32,
  zeros: u32,
  right: u32,
  error: f32,
  squared_errors: f32,
  targets: f32,
  squared_targets: f32,
  share: f32,
  highest: f32,
  true_value: f32,
  true_share: f32,
}

var<workgroup> partials: array<Partial, THREADS>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) n: u32) {
  let sample = group.x;
  if (sample >= control.samples) { return; }
  let state = skipped[sample];
  if (n == 0u && state != LEARNS_FROM) { atomicAdd(&scores[0], 1u); }
  if (state == IS_EXCLUDED) { return; }
  let first_target = order[control.first_row + sample] * control.outputs;
  let first_value = (control.result_row + sample) * control.outputs;
  for (var output = 0u; output < scored[0]; output++) {
    let at = 1u + output * SCORED_WORDS;
    let neurons = scored[at];
    let positions = scored[at + 1u];
    let width = scored[at + 2u];
    let wanted = bitcast<f32>(scored[at + 4u]);
    let other = bitcast<f32>(scored[at + 5u]);
    let least = bitcast<f32>(scored[at + 6u]);
    var part = Partial();
    part.highest = -1.0;
    for (var p = n; p < width; p += THREADS) {
      let first = scored[neurons + p];
      if (first == NONE) { continue; }
      let target_value = expected[first_target + first];
      if (target_value < 0.0) { continue; }
      var value = 0.0;
      for (var position = 0u; position < positions; position++) {
        let neuron = scored[neurons + position * width + p];
        if (neuron != NONE) { value += shown[first_value + neuron]; }
      }
      value /= f32(positions);
      let error = value - target_value;
      let share = max(least, value - other);
      part.count += 1u;
      if (target_value == 0.0) { part.zeros += 1u; }
      if ((value >= 0.5) == (target_value >= 0.5)) { part.right += 1u; }
      part.error += error;
      part.squared_errors += error * error;
      part.targets += target_value;
      part.squared_targets += target_value * target_value;
      part.share += share;
      if (target_value == wanted) {
        part.wanted += 1u;
        part.true_value += value;
        part.true_share += share;
      } else {
        part.highest = max(part.highest, value);
      }
    }
    partials[n] = part;
    workgroupBarrier();
    if (n == 0u) { add_row(output, scored[at + 3u], joined(min(THREADS, width))); }
    workgroupBarrier();
  }
}

// The parts of the first `threads` threads as one.
fn joined(threads: u32) -> Partial {
  var all = partials[0];
  for (var i = 1u; i < threads; i++) {
    let part = partials[i];
    all.count += part.count;
    all.wanted += part.wanted;
    all.zeros += part.zeros;
    all.right += part.right;
    all.error += part.error;
    all.squared_errors += part.squared_errors;
    all.targets += part.targets;
    all.squared_targets += part.squared_targets;
    all.share += part.share;
    all.highest = max(all.highest, part.highest);
    all.true_value += part.true_value;
    all.true_share += part.true_share;
  }
  return all;
}

fn add_row(output: u32, kind: u32, row: Partial) {
  if (row.count == 0u) { return; }
  let at = 1u + output * SCORE_WORDS;
  let count = f32(row.count);
  atomicAdd(&scores[at], 1u);
  if (kind == SCORED_NUMBER) {
    let scale = count * (RAMP_HIGH - RAMP_LOW);
    let error = row.error / scale;
    let number = (row.targets - count * RAMP_LOW) / scale;
    add(at + 4u, error * error);
    add(at + 6u, number);
    add(at + 8u, number * number);
    return;
  }
  add(at + 4u, row.squared_errors / count);
  add(at + 6u, row.targets / count);
  add(at + 8u, row.squared_targets / count);
  if (kind == SCORED_BOOL) {
    add(at + 2u, f32(row.right) / count);
  } else if (row.wanted == 1u
    && (kind == SCORED_CLASS || (row.count > 1u && row.wanted + row.zeros == row.count))) {
    if (row.true_value > row.highest) { add(at + 2u, 1.0); }
    let probability = select(1.0 / count, row.true_share / row.share, row.share > 0.0);
    add(at + 10u, -log(clamp(probability, SCORED_PROBABILITY_MIN, 1.0)) / SCORE_LOSS_MAX);
  } else {
    atomicAdd(&scores[at + 1u], 1u);
  }
}

// Adds a value from 0 to 2 to the sum in two words, the lower one first.
fn add(at: u32, value: f32) {
  let units = u32(clamp(value, 0.0, 2.0) * SCORE_UNITS + 0.5);
  let before = atomicAdd(&scores[at], units);
  if (before + units < before) { atomicAdd(&scores[at + 1u], 1u); }
}
