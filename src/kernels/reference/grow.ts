import type { Hexagon, NetworkModel } from "../../network/network-model.ts";
import {
  NEURONS_PER_BLOCK,
  NONE,
  RUN,
  SYNAPSES_PER_SECTION,
  APPEND_FROM,
  APPEND_FROM_FINE,
  RAMP_SHRINK,
  RECOVERIES_MAX,
  RECOVERY_SHARE,
  RECOVERY_VISITS,
  TOLERANCE_SHRINK,
} from "../../network/constants.ts";
import { startWeight } from "../../network/random.ts";
import { following } from "../../network/section-list.ts";
import type { Scratch } from "./scratch.ts";
import { runsOfRamp, type SectionKind } from "../../network/section-kind.ts";
import type { State } from "../../network/state.ts";

/**
 * Grows every section that the hexagon feeds by its source's values, samples in order: appends, refines or scales
 * ramps, and marks full sections for a split. Sections are independent of each other.
 */
export function grow(model: NetworkModel, scratch: Scratch, hexagon: Hexagon): void {
  const { state } = model;
  const { sectionHead, next } = state.arrays;
  for (const block of hexagon.blocks) {
    for (let n = 0; n < NEURONS_PER_BLOCK; n++) {
      for (let s = sectionHead[block * NEURONS_PER_BLOCK + n]!; s !== NONE; s = following(next, s)) {
        for (let q = 0; q < scratch.samples; q++) {
          const value = scratch.value[scratch.at(block, q) + n]!;
          if (value > 0) growSection(state, s, hexagon.feeds, value);
        }
      }
    }
  }
}

/** Grows one section by one positive value of its source. */
export function growSection(state: State, section: number, kind: SectionKind, value: number): void {
  const { lower, range, ramps, ends, split, tolerance } = state.arrays;
  const x = Math.min(Math.fround(value - lower[section]!), range[section]!);
  if (!(x > 0)) return;
  if (kind.match) return insertValue(state, section, kind, x);

  const used = ramps[section]!;
  const at = section * 4;
  if (used > 0) {
    if (kind.fromInput) recover(state, section, x);
    const reach = ends[at + used - 1]!;
    if (x <= reach) return refine(state, section, kind, x);
    const from = tolerance[section]! > 0 ? APPEND_FROM_FINE : APPEND_FROM;
    if (x <= Math.fround(from * reach)) return;
  }
  if (used === kind.rampCount) split[section] = ends[at + kind.rampCount / 2 - 1]!;
  else setRamp(state, section, kind, used, Math.max(x, kind.rampEndMin));
}

/** Scales the ramps down after an outlier had set their end: when the largest value of many visits stays far below. */
function recover({ arrays }: State, section: number, x: number): void {
  const { recoveries, largest, visits, ramps, ends } = arrays;
  if (recoveries[section]! >= RECOVERIES_MAX) return;
  largest[section] = Math.max(largest[section]!, x);
  visits[section]! += 1;
  if (visits[section]! < RECOVERY_VISITS) return;
  const max = largest[section]!;
  const at = section * 4;
  const used = ramps[section]!;
  const reach = ends[at + used - 1]!;
  if (max < reach * RECOVERY_SHARE) {
    for (let r = 0; r < used; r++) ends[at + r] = Math.fround(ends[at + r]! / reach) * max;
    recoveries[section]! += 1;
  }
  largest[section] = 0;
  visits[section] = 0;
}

/** Shrinks the ramp that contains x if x is near its middle, which makes room for a finer next ramp. */
function refine({ arrays }: State, section: number, kind: SectionKind, x: number): void {
  const { tolerance, ramps, ends, weight, seed } = arrays;
  if (tolerance[section] === 0) return;
  const at = section * 4;
  let r = 0;
  while (r + 1 < ramps[section]! && ends[at + r]! < x) r += 1;
  const start = r === 0 ? 0 : ends[at + r - 1]!;
  const width = Math.fround(ends[at + r]! - start);
  if (!(Math.abs((x - start) / width - 0.5) < tolerance[section]!)) return;
  const narrower = Math.fround(width / RAMP_SHRINK);
  for (let later = r; later < ramps[section]!; later++) ends[at + later]! -= width - narrower;
  for (const run of runsOfRamp(seed[section]!, kind, r)) {
    const first = section * SYNAPSES_PER_SECTION + run;
    for (let i = first; i < first + RUN; i++) weight[i]! /= RAMP_SHRINK;
  }
  tolerance[section]! /= TOLERANCE_SHRINK;
}

/** Match sections: inserts a ramp, in ascending order, for a value at which no ramp ends yet. */
function insertValue(state: State, section: number, kind: SectionKind, x: number): void {
  const { ramps, ends, weight, weightMoment, rampSquare, rampMean, split, seed } = state.arrays;
  const at = section * 4;
  const used = ramps[section]!;
  let r = 0;
  while (r < used && ends[at + r]! < x) r += 1;
  if (r < used && ends[at + r] === x) return;
  if (used === kind.rampCount) {
    split[section] = ends[at + kind.rampCount / 2 - 1]!;
    return;
  }
  // The ramps above move up with their weights, though these then lead to other targets. New values appear early, when
  // little has been learnt.
  ends.copyWithin(at + r + 1, at + r, at + used);
  rampSquare.copyWithin(at + r + 1, at + r, at + used);
  for (let above = used - 1; above >= r; above--) {
    const to = runsOfRamp(seed[section]!, kind, above + 1);
    runsOfRamp(seed[section]!, kind, above).forEach((run, i) => {
      const from = section * SYNAPSES_PER_SECTION + run;
      weight.copyWithin(section * SYNAPSES_PER_SECTION + to[i]!, from, from + RUN);
      weightMoment.copyWithin(section * SYNAPSES_PER_SECTION + to[i]!, from, from + RUN);
      rampMean[at + to[i]! / RUN] = rampMean[at + run / RUN]!;
    });
  }
  setRamp(state, section, kind, r, x);
}

/** Initialises ramp `r`, which ends at `end`, and counts it as one more ramp of the section. */
function setRamp({ arrays }: State, section: number, kind: SectionKind, r: number, end: number): void {
  const { ramps, ends, weight, weightMoment, rampSquare, rampMean, seed } = arrays;
  ends[section * 4 + r] = end;
  rampSquare[section * 4 + r] = 0;
  runsOfRamp(seed[section]!, kind, r).forEach((run, nth) => {
    const first = section * SYNAPSES_PER_SECTION + run;
    rampMean[section * 4 + run / RUN] = 0;
    for (let i = 0; i < RUN; i++) {
      weight[first + i] = startWeight(seed[section]!, r * kind.rampSize + nth * RUN + i, kind.weightRange);
      weightMoment[first + i] = 0;
    }
  });
  ramps[section]! += 1;
}
