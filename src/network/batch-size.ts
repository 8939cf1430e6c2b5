const BATCH_SAMPLES = 128;
/** Below this many steps of 128 the online rule learns more from the same samples. */
const BATCH_STEPS_MIN = 100;

/** Samples per training step for a task of `cycles` cycles that does not ask for a size: 128, or 1 for small tasks. */
export function defaultBatchSize(cycles: number): number {
  return cycles >= BATCH_SAMPLES * BATCH_STEPS_MIN ? BATCH_SAMPLES : 1;
}
