// Activations of a section's ramps for a source value.

struct Activation {
  // One per ramp; the first `touched` ones are above 0, the others are 0.
  ramps: vec4f,
  touched: u32,
  // Slope of the last touched ramp over the source value; 0 when it is saturated.
  slope: f32,
}

fn activate(section: u32, value: f32) -> Activation {
  var result = Activation(vec4f(), 0u, 0.0);
  let kind = sections[section].kind;
  let used = min(sections[section].ramps, 4u);
  let ends = sections[section].ends;
  let above = value - sections[section].lower;
  let range = sections[section].range;
  let is_over = above > range;
  let x = select(above, range, is_over);
  var start = 0.0;
  for (var r = 0u; r < used; r++) {
    let end = ends[r];
    if ((kind & MATCH) != 0u) {
      if (x < end) { break; }
      result.ramps[r] = 1.0;
    } else {
      if (x <= start) { break; }
      let rise = (x - start) / (end - start);
      let is_open = r + 1u == used && (kind & FROM_INPUT) == 0u;
      let limit = select(1.0, OPEN_MAX, is_open);
      let is_rising = rise < limit;
      result.ramps[r] = select(limit, rise, is_rising);
      if (is_rising && !is_over) { result.slope = 1.0 / (end - start); }
    }
    result.touched = r + 1u;
    start = end;
  }
  return result;
}

// The activations of the four tiles of the section's block in a sample.
fn activate_tiles(section: u32, sample: u32) -> vec4f {
  let value = source_value(section, sample);
  if (!(value > 0.0)) { return vec4f(); }
  let ramps = activate(section, value).ramps;
  let seed = sections[section].seed;
  let runs = ramp_size(sections[section].kind) / RUN;
  return vec4f(
    ramps[run_of_tile(seed, 0u) / runs],
    ramps[run_of_tile(seed, 1u) / runs],
    ramps[run_of_tile(seed, 2u) / runs],
    ramps[run_of_tile(seed, 3u) / runs],
  );
}

// The value that the section's source shows in a sample.
fn source_value(section: u32, sample: u32) -> f32 {
  let source = within(sections[section].source, control.blocks * NEURONS_PER_BLOCK);
  if ((sections[section].kind & BACK) != 0u) { return neurons[source].last_value; }
  return values[at(source / NEURONS_PER_BLOCK, sample) + source % NEURONS_PER_BLOCK];
}
