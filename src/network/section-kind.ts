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

/** What differs between sections by what feeds them. */
export interface SectionKind {
  fromInput: boolean;
  /** Every distinct value gets its own ramp, which is fully active or not at all. */
  match: boolean;
  /** Synapses that share one ramp. */
  rampSize: number;
  /** Ramps of a full section. */
  rampCount: number;
  /** Start weights are uniform in +-this. */
  weightRange: number;
  /** The first ramp ends at this or more. */
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

/** The last ramp is open: it rises beyond its end, see `OPEN_MAX`. */
export const NEURON_SECTION: SectionKind = {
  fromInput: false,
  match: false,
  rampSize: NEURON_RAMP_SIZE,
  rampCount: NEURON_RAMP_COUNT,
  weightRange: NEURON_WEIGHT_RANGE,
  rampEndMin: NEURON_RAMP_END_MIN,
};

/** The tile (0..3) of its block that a section's run of 32 synapses ends in: different for each of the four runs. */
export function tileOfRun(sectionSeed: number, run: number): number {
  return ((((sectionSeed & 1) << 1) | 1) * run + (sectionSeed >>> 8)) & 3;
}

/** Where the synapses of a ramp are among the section's 128: each of the ramp's runs begins at one of these neurons. */
export function runsOfRamp(sectionSeed: number, { rampSize }: SectionKind, ramp: number): number[] {
  const runs = rampSize / RUN;
  return Array.from({ length: runs }, (_, i) => tileOfRun(sectionSeed, ramp * runs + i) * RUN);
}
