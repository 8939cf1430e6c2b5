import {
  INPUT_RAMP_COUNT,
  INPUT_RAMP_END_MIN,
  INPUT_RAMP_SIZE,
  INPUT_WEIGHT_RANGE,
  NEURON_RAMP_COUNT,
  NEURON_RAMP_END_MIN,
  NEURON_RAMP_SIZE,
  NEURON_WEIGHT_RANGE,
  RUN,
} from "./constants.ts";

/** Properties of a section that depend on its source. */
export interface SectionKind {
  fromInput: boolean;
  /** Whether every distinct value gets its own ramp, which is either fully active or inactive. */
  match: boolean;
  /** Synapses per ramp. */
  rampSize: number;
  /** Ramps of a full section. */
  rampCount: number;
  /** Initial weights are uniform in +-this. */
  weightRange: number;
  /** Lower bound on the end of the first ramp. */
  rampEndMin: number;
}

export const INPUT_SECTION: SectionKind = {
  fromInput: true,
  match: false,
  rampSize: INPUT_RAMP_SIZE,
  rampCount: INPUT_RAMP_COUNT,
  weightRange: INPUT_WEIGHT_RANGE,
  rampEndMin: INPUT_RAMP_END_MIN,
};

export const MATCH_SECTION: SectionKind = { ...INPUT_SECTION, match: true };

/** The last ramp is open: it rises beyond its end; see `OPEN_MAX`. */
export const NEURON_SECTION: SectionKind = {
  fromInput: false,
  match: false,
  rampSize: NEURON_RAMP_SIZE,
  rampCount: NEURON_RAMP_COUNT,
  weightRange: NEURON_WEIGHT_RANGE,
  rampEndMin: NEURON_RAMP_END_MIN,
};

/** The tile (0..3) of the target block in which a section's run of 32 synapses ends; distinct for each of the runs. */
export function tileOfRun(sectionSeed: number, run: number): number {
  return ((((sectionSeed & 1) << 1) | 1) * run + (sectionSeed >>> 8)) & 3;
}

/** Offsets of a ramp's runs among the section's 128 synapses, which lie in the order of the block's neurons. */
export function runsOfRamp(sectionSeed: number, { rampSize }: SectionKind, ramp: number): number[] {
  const runs = rampSize / RUN;
  return Array.from({ length: runs }, (_, i) => tileOfRun(sectionSeed, ramp * runs + i) * RUN);
}
