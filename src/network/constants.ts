/**
 * The numbers of the learning rule, of a state's layout and of its draws. All engines read them here: TypeScript and the
 * kernels' AssemblyScript import this file, WGSL gets it from `kernels/webgpu/shader-source.ts`.
 *
 * Each is a literal, because AssemblyScript would divide `1 / 16` as integers. To it a number with a point or an
 * exponent is an f64, any other an integer.
 */

export const NEURONS_PER_BLOCK = 128;
export const SECTIONS_PER_BLOCK = 512;
export const SYNAPSES_PER_SECTION = 128;
/** Synapses go to their block in runs, each run to one tile of as many neurons. */
export const RUN = 32;
/** Ends a list, and marks a neuron without sections. */
export const NONE = 0xffffffff;

/** Larger input values count as this much, 2^100, so that no sum of them can overflow. */
export const INPUT_MAX = 1.2676506002282294e30;
/** Weights, biases and deltas stay within +-this: far beyond anything useful, yet no product of them overflows. */
export const VALUE_MAX = 1e6;
/** The largest float of 32 bits. */
export const FLOAT_MAX = 3.4028234663852886e38;

/** Synapses that share one ramp, by what feeds their section. */
export const INPUT_RAMP_SIZE = 32;
export const NEURON_RAMP_SIZE = 64;
/** Ramps of a full section. */
export const INPUT_RAMP_COUNT = 4;
export const NEURON_RAMP_COUNT = 2;
/** Start weights are uniform in +-this. */
export const INPUT_WEIGHT_RANGE = 0.2;
export const NEURON_WEIGHT_RANGE = 0.1;
/** The first ramp ends at this or more. */
export const INPUT_RAMP_END_MIN = 0;
export const NEURON_RAMP_END_MIN = 1;

/** A section made for an input while its target hexagon holds fewer sections than this gets one sibling per block. */
export const FEW_SECTIONS = 32;
/** The upper half of a split is refined like the lower one while the target hexagon holds fewer sections than this. */
export const FINE_SECTIONS = 128;
/** A hexagon grows a block when fewer section places than this are free. */
export const FREE_PLACES_MIN = 256;
/** Blocks that a hexagon starts with; see `startWide`. */
export const START_BLOCKS_HIDDEN = 4;
export const START_BLOCKS_HIDDEN_OF_LONG_TASK = 8;
export const START_BLOCKS_OUTPUT = 2;

export const TOLERANCE_START = 0.49;
export const TOLERANCE_SHRINK = 1.2;
/** A next ramp begins where a value is above the last one's end times this; the second for sections with a tolerance. */
export const APPEND_FROM = 2;
export const APPEND_FROM_FINE = 1.125;
export const RAMP_SHRINK = 1.5;
/** Outlier recovery of input-fed sections: after so many visits, when the largest value stayed below this share. */
export const RECOVERY_VISITS = 64;
export const RECOVERY_SHARE = 0.0625;
export const RECOVERIES_MAX = 2;
/** Saturation of the last ramp of a section fed by neurons. */
export const OPEN_MAX = 2;

export const READOUT_START = 0.1;
/** A sample whose expected values are all 0 or 1 is skipped when every output is closer than this. */
export const SKIP_ERROR = 0.05;

/** Batch rule: base rate (times the root of the samples that count), Adam, weight decay. */
export const BATCH_RATE = 0.003;
export const READOUT_RATE_SHARE = 0.5;
export const MOMENT_KEEP = 0.8;
export const SQUARE_KEEP = 0.98;
export const ADAM_EPSILON = 1e-6;
export const WEIGHT_DECAY = 0.2;

/** Online rule: base rate. */
export const ONLINE_RATE = 0.05;
/** Without a horizon: after how many trained samples the rate has halved, and after how many it falls no further. */
export const DIRECT_SAMPLES = 5000;
export const DIRECT_SAMPLES_MAX = 120_000;
/** With reduction: it happens after so many cycles, and takes sections that have learnt less than this. */
export const REDUCTION_CYCLES = 5000;
export const LEARNT_MIN = 0.5;

/** A remaining potential divided by this or more is treated as gone. */
export const COOLDOWN_FORGETS = 1e6;

/** The PCG hash of 32 bits. */
export const PCG_MULTIPLIER = 747796405;
export const PCG_INCREMENT = 2891336453;
export const PCG_WORD_MULTIPLIER = 277803737;
/** Spreads the synapses of a section over the seeds of their start weights. */
export const SYNAPSE_MULTIPLIER = 2654435761;
/** The upper 24 bits of a draw become a float: this many values in [0, 1). */
export const UNIFORM_VALUES = 16777216;
