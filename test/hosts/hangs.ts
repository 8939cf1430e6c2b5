/** First input values of slices that do not end on a host of `hanging-worker.ts`, by what goes on for ever; `slow` ends. */
export const HANGS = { wasm: 251, script: 252, helper: 253, slow: 254 } as const;

/** Name of an input; a network that has one never gets onto that host. */
export const HANGING_INPUT = "never_attached";

/** What a slow slice takes. */
export const SLOW_MS = 1_500;
