/**
 * The constants of the learning rule, the state layout and the random draws, shared by all engines: TypeScript and the
 * kernels' AssemblyScript import this file, and WGSL gets them from `kernels/webgpu/shader-source.ts`.
 *
 * Every constant is a literal, because AssemblyScript would divide `1 / 16` as integers. It reads a number with a point
 * or an exponent as an f64 and any other as an integer.
 */

export const NEURONS_PER_BLOCK = 128;
export const SECTIONS_PER_BLOCK = 512;
export const SYNAPSES_PER_SECTION = 128;
/** Synapses per run and neurons per tile: each run of a section ends in one tile of its target block. */
export const RUN = 32;
/** Ends a list, and marks a neuron without sections. */
export const NONE = 0xffffffff;

/** Input values are clamped to this, 2^100, so that sums of them cannot overflow. */
export const INPUT_MAX = 1.2676506002282294e30;
/** Weights, biases and deltas are clamped to +-this: far beyond useful values, yet no product of them overflows. */
export const VALUE_MAX = 1e6;
/** The largest finite 32-bit float. */
export const FLOAT_MAX = 3.4028234663852886e38;

/** Synapses per ramp, in sections fed by inputs and by neurons. */
export const INPUT_RAMP_SIZE = 32;
export const NEURON_RAMP_SIZE = 64;
/** Ramps of a full section. */
export const INPUT_RAMP_COUNT = 4;
export const NEURON_RAMP_COUNT = 2;
/** Initial weights are uniform in +-this. */
export const INPUT_WEIGHT_RANGE = 0.2;
export const NEURON_WEIGHT_RANGE = 0.1;
/** Lower bound on the end of the first ramp. */
export const INPUT_RAMP_END_MIN = 0;
export const NEURON_RAMP_END_MIN = 1;

/** While the target hexagon holds fewer sections than this, a source gets a section in each of its blocks. */
export const FEW_SECTIONS = 32;
/** While the target hexagon holds fewer sections than this, the upper half of a split inherits the tolerance. */
export const FINE_SECTIONS = 128;
/** A hexagon grows by a block when it has fewer free section places than this. */
export const FREE_PLACES_MIN = 256;
/** Initial blocks of a hexagon; see `startWide`. */
export const START_BLOCKS_HIDDEN = 4;
export const START_BLOCKS_HIDDEN_OF_LONG_TASK = 8;
export const START_BLOCKS_OUTPUT = 2;

export const TOLERANCE_START = 0.49;
export const TOLERANCE_SHRINK = 1.2;
/** A value above the last ramp's end times this appends a ramp; the second applies to sections with a tolerance. */
export const APPEND_FROM = 2;
export const APPEND_FROM_FINE = 1.125;
export const RAMP_SHRINK = 1.5;
/** Outlier recovery of sections fed by inputs: visits per check, and the share of the reach below which it acts. */
export const RECOVERY_VISITS = 64;
export const RECOVERY_SHARE = 0.0625;
export const RECOVERIES_MAX = 2;
/** Activation at which the last ramp of a section fed by neurons saturates. */
export const OPEN_MAX = 2;

export const READOUT_START = 0.1;
/** A sample whose expected values are all 0 or 1 is skipped when every error is smaller than this. */
export const SKIP_ERROR = 0.05;

/** Share of the learning rate that readout weights and output biases step with. */
export const READOUT_RATE_SHARE = 0.5;
/** Batch rule: base learning rate (times the root of the samples that are not skipped), Adam, weight decay. */
export const BATCH_RATE = 0.003;
/** Steps of a task beyond which the base rate falls with their number, and the least share of it that remains. */
export const USUAL_STEPS = 2000;
export const LONG_RATE_SHARE = 0.33;
export const MOMENT_KEEP = 0.8;
export const SQUARE_KEEP = 0.98;
export const ADAM_EPSILON = 1e-6;
export const WEIGHT_DECAY = 0.2;

/** Batch rule for streams, without decay: base learning rate, and counted samples after which it has halved. */
export const STREAM_RATE = 0.004;
export const STREAM_SAMPLES = 10_000;

/** Online rule: base learning rate, and the least share of a sample in the running means of deltas and activations. */
export const ONLINE_RATE = 0.1;
export const DELTA_MEAN_SHARE = 0.02;
export const RAMP_MEAN_SHARE = 0.01;
/** A running mean that gets smaller is 0: processors are slow with the smallest floats, and means fall to these. */
export const MEAN_MIN = 1e-20;
/** Without a horizon: trained samples after which the rate has halved, and after which it falls no further. */
export const DIRECT_SAMPLES = 5000;
export const DIRECT_SAMPLES_MAX = 120_000;
/** Reduction: cycles between two reductions, and the weight change below which a section is removed. */
export const REDUCTION_CYCLES = 5000;
export const LEARNT_MIN = 0.5;

/** From this cooldown on, neurons count as keeping no potential between cycles. */
export const COOLDOWN_FORGETS = 1e6;

/** The 32-bit PCG hash. */
export const PCG_MULTIPLIER = 747796405;
export const PCG_INCREMENT = 2891336453;
export const PCG_WORD_MULTIPLIER = 277803737;
/** Spreads the synapses of a section over the seeds of their initial weights. */
export const SYNAPSE_MULTIPLIER = 2654435761;
/** Distinct values in [0, 1) of a uniform draw, made from the upper 24 bits of a hash. */
export const UNIFORM_VALUES = 16777216;

/** How the rows of an output are scored: `values` are classes where each is one 1 among 0s; see `RunScores`. */
export const SCORED_VALUES = 0;
export const SCORED_CLASS = 1;
export const SCORED_NUMBER = 2;
export const SCORED_BOOL = 3;
/** Probabilities of the true class count as at least this, because the loss of 0 would be infinite. */
export const SCORED_PROBABILITY_MIN = 1e-15;
