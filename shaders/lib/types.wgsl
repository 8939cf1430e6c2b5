// The records of a network on the device. `src/kernels/webgpu/records.ts` defines their layout. The constants
// of `src/network/constants.ts` and `src/kernels/webgpu/codes.ts` precede this file; see `shader-source.ts`.

// The shaders assume one thread per neuron of a block, and four runs per section.
const_assert NEURONS_PER_BLOCK == 128u && SYNAPSES_PER_SECTION == 128u && RUN == 32u;

struct Control {
  blocks: u32,
  sections: u32,
  tiles: u32,
  rows: u32,
  outputs: u32,
  seed: u32,
  // Batch updates in which at least one sample took part.
  adam_steps: u32,
  // Samples that the online rule has learnt from. The highest bit stays set once it is.
  online_samples: u32,
  hexagons: u32,
  // Runs of output neurons in all hexagons.
  runs: u32,
  block_capacity: u32,
  section_capacity: u32,
  tile_capacity: u32,
  row_capacity: u32,
  // Start of the hexagons' blocks in `lists`: [hexagon][block_capacity].
  first_member: u32,
  mode: u32,
  // Number of submitted steps, and index of the next one.
  steps: u32,
  next_step: u32,
  // 1: the pools must grow before the next step; all kernels do nothing until the host has grown them.
  halted: u32,
  // 1: the device cannot hold more, so the network learns on without growing.
  is_full: u32,
  // The current step. With 0 samples, kernels do nothing.
  samples: u32,
  first_row: u32,
  result_row: u32,
  rate: f32,
  weight_decay: f32,
  rows_started: u32,
  learning: u32,
  moment_correction: f32,
  square_correction: f32,
  // Samples that take part in learning, ascending.
  learners: array<u32>,
}

struct Step {
  first_row: u32,
  samples: u32,
  result_row: u32,
  rate: f32,
  weight_decay: f32,
}

struct Hexagon {
  role: u32,
  kind: u32,
  // Start of its target list in `lists`, and of its runs of output neurons, as pairs of first and length.
  first_target: u32,
  targets: u32,
  first_run: u32,
  runs: u32,
  blocks: u32,
  sections: u32,
}

struct Block {
  hexagon: u32,
  // Its index among the blocks of its hexagon.
  ordinal: u32,
  sections: u32,
  // While it is full: the blocks of its hexagon from the next one up to this ordinal are full, too. 0: not known.
  full_until: u32,
  // Its sections in the order of their creation.
  places: array<u32, SECTIONS_PER_BLOCK>,
}

struct Neuron {
  bias: f32,
  bias_moment: f32,
  bias_square: f32,
  potential: f32,
  refractory: u32,
  last_value: f32,
  // First of the sections that it feeds.
  head: u32,
  // Sum of its delta over the samples that take part in the current step.
  delta_sum: f32,
  // Online rule: running mean of its delta.
  delta_mean: f32,
}

struct Section {
  source: u32,
  target_block: u32,
  next: u32,
  seed: u32,
  kind: u32,
  source_hexagon: u32,
  ramps: u32,
  visits: u32,
  recoveries: u32,
  // 1: active in a sample that takes part in the current step.
  touched: u32,
  lower: f32,
  range: f32,
  tolerance: f32,
  split: f32,
  largest: f32,
  // `online_samples` when `means` was last updated.
  seen: u32,
  ends: vec4f,
  // Second moments of the ramps. An array, so that threads may write different ones at once.
  squares: array<f32, 4>,
  // Online rule, for each tile of the target block: running mean of the activation of the ramp that ends there, or 0.
  means: array<f32, 4>,
}

struct Tile {
  block: u32,
  output: u32,
  outputs: u32,
  row: u32,
}

struct Output {
  hexagon: u32,
  bias: f32,
  bias_moment: f32,
  bias_square: f32,
}

// Parameters that the host sets when it records a dispatch.
struct Scope {
  hexagon: u32,
  // 1: the neurons of this hexagon have a memory (spiking).
  has_memory: u32,
  cooldown: f32,
  refractory_time: u32,
}

// Index of a block's first neuron in `values` and `deltas`: [block][sample][neuron].
fn at(block: u32, sample: u32) -> u32 {
  return (block * control.samples + sample) * NEURONS_PER_BLOCK;
}

fn ramp_size(kind: u32) -> u32 {
  return select(NEURON_RAMP_SIZE, INPUT_RAMP_SIZE, (kind & FROM_INPUT) != 0u);
}

fn ramp_count(kind: u32) -> u32 {
  return SYNAPSES_PER_SECTION / ramp_size(kind);
}

// A section's four runs of 32 synapses end in the four tiles of its block: run k in tile (a*k + c) & 3, a odd.
fn tile_of_run(seed: u32, run: u32) -> u32 {
  return ((((seed & 1u) << 1u) | 1u) * run + (seed >> 8u)) & 3u;
}

fn run_of_tile(seed: u32, tile: u32) -> u32 {
  // 1 and 3 are their own inverses modulo 4.
  return ((((seed & 1u) << 1u) | 1u) * (tile - (seed >> 8u))) & 3u;
}

fn bounded(x: f32) -> f32 {
  return clamp(x, -VALUE_MAX, VALUE_MAX);
}

// Clamps an index from a state, which may be damaged, to the last element.
fn within(index: u32, count: u32) -> u32 {
  return min(index, max(count, 1u) - 1u);
}
