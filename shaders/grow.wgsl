// Every section that a hexagon feeds looks at its source's values, samples in order: ramps are appended, refined or
// scaled, full sections are marked for a split. One thread per section; it touches its own section only. Values are
// fetched 8 at a time, so that a thread does not wait for each of them.
// uses: types, random

struct Tally {
  fresh: atomic<u32>,
  marked: atomic<u32>,
  synapses: u32,
  unused: u32,
  words: array<u32>,
}

const AHEAD = 8u;

@group(0) @binding(0) var<storage, read> control: Control;
@group(0) @binding(1) var<storage, read_write> sections: array<Section>;
@group(0) @binding(2) var<storage, read> values: array<f32>;
@group(0) @binding(3) var<storage, read_write> weights: array<f32>;
@group(0) @binding(4) var<storage, read_write> moments: array<f32>;
@group(0) @binding(5) var<storage, read_write> tally: Tally;
@group(0) @binding(6) var<uniform> scope: Scope;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (id.x == 0u) { atomicStore(&tally.fresh, 0u); }
  if (control.samples == 0u) { return; }
  for (var section = id.x; section < control.sections; section += groups.x * 64u) {
    if (sections[section].source_hexagon == scope.hexagon) { watch(section); }
  }
}

fn watch(section: u32) {
  let source = sections[section].source;
  let first = at(source / NEURONS_PER_BLOCK, 0u) + source % NEURONS_PER_BLOCK;
  for (var q = 0u; q < control.samples; q += AHEAD) {
    var fetched: array<f32, AHEAD>;
    for (var i = 0u; i < AHEAD; i++) {
      fetched[i] = 0.0;
      if (q + i < control.samples) { fetched[i] = values[first + (q + i) * NEURONS_PER_BLOCK]; }
    }
    for (var i = 0u; i < AHEAD; i++) {
      if (fetched[i] > 0.0) { look(section, fetched[i]); }
    }
  }
  if (sections[section].split > 0.0) { atomicAdd(&tally.marked, 1u); }
}

fn look(section: u32, value: f32) {
  let x = min(value - sections[section].lower, sections[section].range);
  if (x <= 0.0) { return; }
  let kind = sections[section].kind;
  if ((kind & MATCH) != 0u) {
    insert_value(section, x);
    return;
  }
  let used = sections[section].ramps;
  if (used > 0u) {
    if ((kind & FROM_INPUT) != 0u) { recover(section, x); }
    let reach = sections[section].ends[used - 1u];
    if (x <= reach) {
      refine(section, x);
      return;
    }
    let appends_from = select(APPEND_FROM, APPEND_FROM_FINE, sections[section].tolerance > 0.0);
    if (x <= appends_from * reach) { return; }
  }
  if (used == ramp_count(kind)) {
    sections[section].split = sections[section].ends[used / 2u - 1u];
  } else {
    set_ramp(section, used, max(x, select(NEURON_RAMP_END_MIN, INPUT_RAMP_END_MIN, (kind & FROM_INPUT) != 0u)));
  }
}

// Where the weights of a run begin: they lie in the order of the neurons that they lead to.
fn first_of_run(section: u32, run: u32) -> u32 {
  return section * SYNAPSES_PER_SECTION + tile_of_run(sections[section].seed, run) * RUN;
}

// Scales the ramps down when the largest value of many visits stayed far below their end: an outlier had set them.
fn recover(section: u32, x: f32) {
  if (sections[section].recoveries >= RECOVERIES_MAX) { return; }
  let largest = max(sections[section].largest, x);
  let visits = sections[section].visits + 1u;
  if (visits < RECOVERY_VISITS) {
    sections[section].largest = largest;
    sections[section].visits = visits;
    return;
  }
  let used = sections[section].ramps;
  let reach = sections[section].ends[used - 1u];
  if (largest < reach * RECOVERY_SHARE) {
    for (var r = 0u; r < used; r++) {
      sections[section].ends[r] = select(sections[section].ends[r] / reach, 1.0, r + 1u == used) * largest;
    }
    sections[section].recoveries += 1u;
  }
  sections[section].largest = 0.0;
  sections[section].visits = 0u;
}

// Shrinks the ramp that holds x when x falls near its middle, so that a next ramp can tell more values apart.
fn refine(section: u32, x: f32) {
  let tolerance = sections[section].tolerance;
  if (tolerance == 0.0) { return; }
  let used = sections[section].ramps;
  var r = 0u;
  while (r + 1u < used && sections[section].ends[r] < x) { r += 1u; }
  var start = 0.0;
  if (r > 0u) { start = sections[section].ends[r - 1u]; }
  let width = sections[section].ends[r] - start;
  // |(x - start) / width - 0.5| < tolerance without the rounding of a quotient: data often lies exactly on the border.
  let off_middle = abs(2.0 * (x - start) - width);
  if (!(fma(2.0 * tolerance, width, -off_middle) > 0.0)) { return; }
  let less = width - width / RAMP_SHRINK;
  for (var later = r; later < used; later++) { sections[section].ends[later] -= less; }
  let runs = ramp_size(sections[section].kind) / RUN;
  for (var run = r * runs; run < (r + 1u) * runs; run++) {
    let first = first_of_run(section, run);
    for (var i = first; i < first + RUN; i++) { weights[i] /= RAMP_SHRINK; }
  }
  sections[section].tolerance = tolerance / TOLERANCE_SHRINK;
}

// Match sections: a value that no ramp ends at gets its own ramp, in ascending order.
fn insert_value(section: u32, x: f32) {
  let kind = sections[section].kind;
  let used = sections[section].ramps;
  var r = 0u;
  while (r < used && sections[section].ends[r] < x) { r += 1u; }
  if (r < used && sections[section].ends[r] == x) { return; }
  if (used == ramp_count(kind)) {
    sections[section].split = sections[section].ends[used / 2u - 1u];
    return;
  }
  // The ramps above move up one place with what they learnt, though to other targets.
  let runs = ramp_size(kind) / RUN;
  for (var to = used; to > r; to--) {
    sections[section].ends[to] = sections[section].ends[to - 1u];
    sections[section].squares[to] = sections[section].squares[to - 1u];
    for (var run = to * runs; run < (to + 1u) * runs; run++) {
      let first = first_of_run(section, run);
      let below = first_of_run(section, run - runs);
      for (var i = 0u; i < RUN; i++) {
        weights[first + i] = weights[below + i];
        moments[first + i] = moments[below + i];
      }
    }
  }
  set_ramp(section, r, x);
}

// Makes ramp `r` a new one that ends at `end`; the section then has one more.
fn set_ramp(section: u32, r: u32, end: f32) {
  let kind = sections[section].kind;
  let size = ramp_size(kind);
  let range = select(NEURON_WEIGHT_RANGE, INPUT_WEIGHT_RANGE, (kind & FROM_INPUT) != 0u);
  sections[section].ends[r] = end;
  sections[section].squares[r] = 0.0;
  for (var synapse = r * size; synapse < (r + 1u) * size; synapse++) {
    let i = first_of_run(section, synapse / RUN) + synapse % RUN;
    weights[i] = start_weight(sections[section].seed, synapse, range);
    moments[i] = 0.0;
  }
  sections[section].ramps += 1u;
}
