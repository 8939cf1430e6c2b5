import { hexagonOf, type NetworkModel } from "./network-model.ts";
import { LEARNT_MIN, NEURONS_PER_BLOCK, REDUCTION_CYCLES, RUN } from "./constants.ts";
import { HEADER } from "./layout.ts";
import { startWeight } from "./random.ts";
import { removeSections } from "./remove-sections.ts";
import { runsOfRamp } from "./section-kind.ts";
import { count } from "./state.ts";

/** Cycles from `cycle` to the next reduction of the network; Infinity if reduction is off. */
export function cyclesToReduction({ template }: NetworkModel, cycle: number): number {
  if (!template.settings.enableReduction) return Infinity;
  return REDUCTION_CYCLES - (cycle % REDUCTION_CYCLES);
}

/**
 * Removes the sections that have learnt nothing: those that already existed at the last reduction and whose weights are
 * still close to their initial values (see `startWeight`). Returns the number of removed sections.
 */
export function reduce(model: NetworkModel): number {
  const { header } = model.state.arrays;
  // Sections keep their order, so those that survived the last reduction come first.
  const old = header[HEADER.reducedSections]!;
  const gone = removeSections(model, (section) => section < old && learnt(model, section) < LEARNT_MIN);
  header[HEADER.reducedSections] = count(model.state, "section");
  return gone;
}

/** Root mean square distance of a section's weights from their initial values, in units of the initial range. */
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
