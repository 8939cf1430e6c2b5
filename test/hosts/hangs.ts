/** First input values of slices that hang a host of `hanging-worker.ts`, by what loops; `slow` ends. */
export const HANGS = { wasm: 251, script: 252, helper: 253, slow: 254 } as const;

/** Name of an input; a network with it never gets onto that host. */
export const HANGING_INPUT = "never_attached";

/** Duration of a slow slice. */
export const SLOW_MS = 1_500;
