import { DIRECT_SAMPLES, DIRECT_SAMPLES_MAX, VALUE_MAX } from "./constants.ts";

/**
 * Share of the base rate for learning without a horizon (direct IO), where `trained` counts all samples that the
 * network was ever trained with. It falls, so that direct IO does not overwrite what tasks have taught, but never to 0,
 * so that the network can still adapt.
 */
export function directShare(trained: number): number {
  return 1 / (1 + Math.min(trained, DIRECT_SAMPLES_MAX) / DIRECT_SAMPLES);
}

/** Clamps a weight, bias or delta to a range in which no product overflows. */
export function bounded(x: number): number {
  return x > VALUE_MAX ? VALUE_MAX : x < -VALUE_MAX ? -VALUE_MAX : x;
}
