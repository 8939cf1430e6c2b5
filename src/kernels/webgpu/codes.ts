/** Numbers with a meaning that host and shaders agree on. Shaders get them from here; see `shader-source.ts`. */

/** Flags of a section: what it is like, by what feeds it. */
export const FROM_INPUT = 1;
export const MATCH = 2;
/** Its source is computed later in the step, so it shows the value of the step before. */
export const BACK = 4;
/** Its source learns from it. */
export const LEARNS = 8;

export const ROLES = { input: 0, hidden: 1, output: 2 } as const;
export const MODES = { batch: 0, online: 1, request: 2 } as const;

/** Stands for "whatever it shows is right" where kernels read what an output neuron should show. */
export const NO_OPINION = -1;
/** Stands in any place of a sample that must not teach at all. */
export const EXCLUDED = -2;
