import { DIRECT_SAMPLES, DIRECT_SAMPLES_MAX, VALUE_MAX } from "./constants.ts";

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
