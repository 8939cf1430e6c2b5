// Counter-based random numbers: every draw is a hash of its purpose, so no order of threads changes it.

fn pcg(x: u32) -> u32 {
  let state = x * PCG_MULTIPLIER + PCG_INCREMENT;
  let word = ((state >> ((state >> 28u) + 4u)) ^ state) * PCG_WORD_MULTIPLIER;
  return (word >> 22u) ^ word;
}

fn draw(stream: u32, item: u32, part: u32) -> u32 {
  return pcg(pcg(pcg(pcg(control.seed) + stream) + item) + part);
}

// The upper 24 bits of a draw as a float in [-range, range).
fn symmetric(random: u32, range: f32) -> f32 {
  return (2.0 * f32(random >> 8u) / UNIFORM_VALUES - 1.0) * range;
}

fn start_weight(section_seed: u32, synapse: u32, range: f32) -> f32 {
  return symmetric(pcg(pcg(section_seed ^ (synapse * SYNAPSE_MULTIPLIER)) + synapse), range);
}
