import { hexagonOf, type NetworkModel } from "./network-model.ts";
import { LEARNT_MIN, NEURONS_PER_BLOCK, REDUCTION_CYCLES, RUN } from "./constants.ts";
import { HEADER } from "./layout.ts";
import { startWeight } from "./random.ts";
import { removeSections } from "./remove-sections.ts";
import { runsOfRamp } from "./section-kind.ts";
import { count } from "./state.ts";

/** Samples that may be trained from `cycle` on before the network is reduced; Infinity where it never is. */
export function cyclesToReduction({ template }: NetworkModel, cycle: number): number {
  if (!template.settings.enableReduction) return Infinity;
  return REDUCTION_CYCLES - (cycle % REDUCTION_CYCLES);
}

/**
 * Removes the sections that have learnt nothing: they were there at the last reduction already, and their weights still
 * are near to where they started, as `startWeight` tells. Returns how many went.
 */
export function reduce(model: NetworkModel): number {
  const { header } = model.state.arrays;
  // Sections keep their order, so those of the last reduction come first.
  const old = header[HEADER.reducedSections]!;
  const gone = removeSections(model, (section) => section < old && learnt(model, section) < LEARNT_MIN);
  header[HEADER.reducedSections] = count(model.state, "section");
  return gone;
}

/** How far a section's weights are from their start: root mean square, in units of the range that they start in. */
function learnt(model: NetworkModel, section: number): number {
  const { source, seed, ramps, weight } = model.state.arrays;
  const kind = hexagonOf(model, Math.floor(source[section]! / NEURONS_PER_BLOCK)).feeds;
  let squares = 0;
  for (let ramp = 0; ramp < ramps[section]!; ramp++) {
    runsOfRamp(seed[section]!, kind, ramp).forEach((run, nth) => {
      for (let i = 0; i < RUN; i++) {
        const start = startWeight(seed[section]!, ramp * kind.rampSize + nth * RUN + i, kind.weightRange);
        squares += (weight[section * NEURONS_PER_BLOCK + run + i]! - start) ** 2;
      }
    });
  }
  const synapses = ramps[section]! * kind.rampSize;
  return synapses === 0 ? 0 : Math.sqrt(squares / synapses) / kind.weightRange;
}
