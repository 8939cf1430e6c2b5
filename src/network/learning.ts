/** The constants of the learning rule, all chosen by measurement. */

/** Larger input values count as this much, so that no sum of them can overflow. */
export const INPUT_MAX = 2 ** 100;
/** Weights, biases and deltas stay within +-this: far beyond anything useful, yet no product of them overflows. */
export const VALUE_MAX = 1e6;
export const FLOAT_MAX = 3.4028234663852886e38;

/** A section made for an input while its target hexagon holds fewer sections than this gets one sibling per block. */
export const FEW_SECTIONS = 32;
/** The upper half of a split is refined like the lower one while the target hexagon holds fewer sections than this. */
export const FINE_SECTIONS = 128;
/** A hexagon grows a block when fewer section places than this are free. */
export const FREE_PLACES_MIN = 256;
/** Blocks that a hexagon starts with; see `startWide`. */
export const START_BLOCKS = { hidden: 4, hiddenOfLongTask: 8, output: 2 } as const;

export const TOLERANCE_START = 0.49;
export const TOLERANCE_SHRINK = 1.2;
/** A next ramp begins where a value is above the last one's end times this; the second for sections with a tolerance. */
export const APPEND_FROM = 2;
export const APPEND_FROM_FINE = 1.125;
export const RAMP_SHRINK = 1.5;
/** Outlier recovery of input-fed sections: after so many visits, when the largest value stayed below this share. */
export const RECOVERY_VISITS = 64;
export const RECOVERY_SHARE = 1 / 16;
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
const DIRECT_SAMPLES = 5000;
const DIRECT_SAMPLES_MAX = 120_000;
/** With reduction: it happens after so many cycles, and takes sections that have learnt less than this. */
export const REDUCTION_CYCLES = 5000;
export const LEARNT_MIN = 0.5;

/** A remaining potential divided by this or more is treated as gone. */
export const COOLDOWN_FORGETS = 1e6;

/**
 * Share of the base rate for learning without a horizon (direct IO) in a network that was trained with so many samples,
 * by whatever: what a task has taught is not washed away, and there always remains something to adapt with.
 */
export function directShare(trained: number): number {
  return 1 / (1 + Math.min(trained, DIRECT_SAMPLES_MAX) / DIRECT_SAMPLES);
}

/** Keeps a weight, bias or delta in the range in which nothing can overflow. */
export function bounded(x: number): number {
  return x > VALUE_MAX ? VALUE_MAX : x < -VALUE_MAX ? -VALUE_MAX : x;
}
