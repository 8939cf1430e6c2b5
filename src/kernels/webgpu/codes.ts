/** Codes shared by host and shaders. Shaders get them from here; see `shader-source.ts`. */

/** Flags of a section, determined by its source. */
export const FROM_INPUT = 1;
export const MATCH = 2;
/** The source is computed later in the step, so the section reads its value of the previous step. */
export const BACK = 4;
/** The source learns through this section. */
export const LEARNS = 8;

export const ROLES = { input: 0, hidden: 1, output: 2 } as const;
export const MODES = { batch: 0, online: 1, request: 2 } as const;

/** Expected value of an output neuron for which any value is right. */
export const NO_OPINION = -1;
/** Excludes a whole sample from training if any of its expected values is this one. */
export const EXCLUDED = -2;

/** What a sample is for a step: the step learns from it, or its targets are nearly reached, or it is excluded. */
export const LEARNS_FROM = 0;
export const IS_REACHED = 1;
export const IS_EXCLUDED = 2;

/** Words of an output in the buffers `scored` and `scores` of `shaders/score.wgsl`. */
export const SCORED_WORDS = 7;
export const SCORE_WORDS = 12;
/** Units of its sums in 1; the loss of a row, at most 35, is added as a share of `SCORE_LOSS_MAX`. */
export const SCORE_UNITS = 2 ** 30;
export const SCORE_LOSS_MAX = 32;
