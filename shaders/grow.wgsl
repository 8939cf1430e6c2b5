// Every section that a hexagon feeds checks its source's values, samples in order: it appends, refines or scales ramps,
// and is marked for a split when full. One thread per section; it changes its own section only. A thread fetches 8
// values at a time, so that it does not wait for each of them, and changes the section in registers.
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

// The section of this thread, and its index.
var<private> own: Section;
var<private> number: u32;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (id.x == 0u) { atomicStore(&tally.fresh, 0u); }
  if (control.samples == 0u) { return; }
  for (var section = id.x; section < control.sections; section += groups.x * 64u) {
    if (sections[section].source_hexagon == scope.hexagon) { watch(section); }
  }
}

fn watch(section: u32) {
  let source = within(sections[section].source, control.blocks * NEURONS_PER_BLOCK);
  number = section;
  var is_loaded = false;
  let first = at(source / NEURONS_PER_BLOCK, 0u) + source % NEURONS_PER_BLOCK;
  for (var q = 0u; q < control.samples; q += AHEAD) {
    var fetched: array<f32, AHEAD>;
    for (var i = 0u; i < AHEAD; i++) {
      fetched[i] = 0.0;
      if (q + i < control.samples) { fetched[i] = values[first + (q + i) * NEURONS_PER_BLOCK]; }
    }
    for (var i = 0u; i < AHEAD; i++) {
      if (!(fetched[i] > 0.0)) { continue; }
      if (!is_loaded) {
        own = sections[section];
        own.ramps = min(own.ramps, ramp_count(own.kind));
        is_loaded = true;
      }
      look(fetched[i]);
    }
  }
  if (is_loaded) { sections[section] = own; }
  if (sections[section].split > 0.0) { atomicAdd(&tally.marked, 1u); }
}

fn look(value: f32) {
  let x = min(value - own.lower, own.range);
  if (x <= 0.0) { return; }
  let kind = own.kind;
  if ((kind & MATCH) != 0u) {
    insert_value(x);
    return;
  }
  let used = own.ramps;
  if (used > 0u) {
    if ((kind & FROM_INPUT) != 0u) { recover(x); }
    let reach = own.ends[used - 1u];
    if (x <= reach) {
      refine(x);
      return;
    }
    let appends_from = select(APPEND_FROM, APPEND_FROM_FINE, own.tolerance > 0.0);
    if (x <= appends_from * reach) { return; }
  }
  if (used == ramp_count(kind)) {
    own.split = own.ends[used / 2u - 1u];
  } else {
    set_ramp(used, max(x, select(NEURON_RAMP_END_MIN, INPUT_RAMP_END_MIN, (kind & FROM_INPUT) != 0u)));
  }
}

// Index of a run's first weight: weights are in the order of their target neurons.
fn first_of_run(run: u32) -> u32 {
  return number * SYNAPSES_PER_SECTION + tile_of_run(own.seed, run) * RUN;
}

// Scales the ramps down when the largest value of many visits stayed far below their end, which an outlier had set.
fn recover(x: f32) {
  if (own.recoveries >= RECOVERIES_MAX) { return; }
  let largest = max(own.largest, x);
  let visits = own.visits + 1u;
  if (visits < RECOVERY_VISITS) {
    own.largest = largest;
    own.visits = visits;
    return;
  }
  let used = own.ramps;
  let reach = own.ends[used - 1u];
  if (largest < reach * RECOVERY_SHARE) {
    for (var r = 0u; r < used; r++) {
      own.ends[r] = select(own.ends[r] / reach, 1.0, r + 1u == used) * largest;
    }
    own.recoveries += 1u;
  }
  own.largest = 0.0;
  own.visits = 0u;
}

// Shrinks the ramp that holds x when x falls near its middle, so that a next ramp can tell more values apart.
fn refine(x: f32) {
  let tolerance = own.tolerance;
  if (tolerance == 0.0) { return; }
  let used = own.ramps;
  var r = 0u;
  while (r + 1u < used && own.ends[r] < x) { r += 1u; }
  var start = 0.0;
  if (r > 0u) { start = own.ends[r - 1u]; }
  let width = own.ends[r] - start;
  // |(x - start) / width - 0.5| < tolerance without the rounding of a quotient: data often lies exactly on the border.
  let off_middle = abs(2.0 * (x - start) - width);
  if (!(fma(2.0 * tolerance, width, -off_middle) > 0.0)) { return; }
  let less = width - width / RAMP_SHRINK;
  for (var later = r; later < used; later++) { own.ends[later] -= less; }
  let runs = ramp_size(own.kind) / RUN;
  for (var run = r * runs; run < (r + 1u) * runs; run++) {
    let first = first_of_run(run);
    for (var i = first; i < first + RUN; i++) { weights[i] /= RAMP_SHRINK; }
  }
  own.tolerance = tolerance / TOLERANCE_SHRINK;
}

// Match sections: adds a ramp for a value that no ramp ends at; the ramps stay in ascending order.
fn insert_value(x: f32) {
  let kind = own.kind;
  let used = own.ramps;
  var r = 0u;
  while (r < used && own.ends[r] < x) { r += 1u; }
  if (r < used && own.ends[r] == x) { return; }
  if (used == ramp_count(kind)) {
    own.split = own.ends[used / 2u - 1u];
    return;
  }
  // The ramps above move up one place and keep what they learnt, though for other targets.
  let runs = ramp_size(kind) / RUN;
  for (var to = used; to > r; to--) {
    own.ends[to] = own.ends[to - 1u];
    own.squares[to] = own.squares[to - 1u];
    for (var run = to * runs; run < (to + 1u) * runs; run++) {
      let first = first_of_run(run);
      let below = first_of_run(run - runs);
      own.means[tile_of_run(own.seed, run)] = own.means[tile_of_run(own.seed, run - runs)];
      for (var i = 0u; i < RUN; i++) {
        weights[first + i] = weights[below + i];
        moments[first + i] = moments[below + i];
      }
    }
  }
  set_ramp(r, x);
}

// Starts a new ramp `r` that ends at `end`; the section then has one more.
fn set_ramp(r: u32, end: f32) {
  let kind = own.kind;
  let size = ramp_size(kind);
  let range = select(NEURON_WEIGHT_RANGE, INPUT_WEIGHT_RANGE, (kind & FROM_INPUT) != 0u);
  own.ends[r] = end;
  own.squares[r] = 0.0;
  for (var run = r * size / RUN; run < (r + 1u) * size / RUN; run++) { own.means[tile_of_run(own.seed, run)] = 0.0; }
  for (var synapse = r * size; synapse < (r + 1u) * size; synapse++) {
    let i = first_of_run(synapse / RUN) + synapse % RUN;
    weights[i] = start_weight(own.seed, synapse, range);
    moments[i] = 0.0;
  }
  own.ramps += 1u;
}
