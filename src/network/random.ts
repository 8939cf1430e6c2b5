/**
 * Counter-based random numbers: every draw is a hash of its purpose, so it does not depend on threads, time or host.
 */
import { PCG_INCREMENT, PCG_MULTIPLIER, PCG_WORD_MULTIPLIER, SYNAPSE_MULTIPLIER, UNIFORM_VALUES } from "./constants.ts";

/** The 32-bit PCG hash. */
export function pcg(x: number): number {
  const state = (Math.imul(x, PCG_MULTIPLIER) + PCG_INCREMENT) >>> 0;
  const word = Math.imul((state >>> ((state >>> 28) + 4)) ^ state, PCG_WORD_MULTIPLIER) >>> 0;
  return ((word >>> 22) ^ word) >>> 0;
}

/** The purposes of draws. A hexagon index is added to them, so they are far apart. */
export const DRAW = {
  targetList: 0x10000000,
  sectionTarget: 0x20000000,
  sectionBlock: 0x30000000,
  sectionSeed: 0x40000000,
  readout: 0x50000000,
  pieceOrder: 0x60000000,
  cycleOrder: 0x70000000,
  heldOut: 0x80000000,
} as const;

/** A 32-bit draw; `stream` is one of `DRAW`, plus a hexagon index. */
export function draw(seed: number, stream: number, item: number, part: number): number {
  return pcg(itemOf(seed, stream, item) + part);
}

/** The common prefix of all draws of an item: `draw` is `pcg(itemOf(…) + part)`. */
export function itemOf(seed: number, stream: number, item: number): number {
  return pcg(pcg(pcg(seed) + stream) + item);
}

/** Initial weight of a synapse: a float in [-range, range) that depends only on the section's seed and its index. */
export function startWeight(sectionSeed: number, synapse: number, range: number): number {
  const mixed = pcg(pcg((sectionSeed ^ Math.imul(synapse, SYNAPSE_MULTIPLIER)) >>> 0) + synapse);
  return Math.fround((2 * (mixed >>> 8) * (1 / UNIFORM_VALUES) - 1) * range);
}
