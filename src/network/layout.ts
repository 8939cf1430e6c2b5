import { NEURONS_PER_BLOCK, SECTIONS_PER_BLOCK, SYNAPSES_PER_SECTION } from "./constants.ts";

/**
 * The layout of a network's state as flat arrays. Allocation, growth, export and import are all driven by this table.
 *
 * A *block* is 128 neurons of one hexagon (of an input hexagon: 128 input values). A neuron's network-wide id is
 * block * 128 + n. A *section* is up to 128 synapses from one source neuron into one block. A *row* is the 128 readout
 * weights of one output neuron for one block. A *tile* is the rows of one block for consecutive output neurons.
 */
export type Per = "network" | "input" | "block" | "section" | "tile" | "row" | "output";

interface ArraySpec {
  type: "u32" | "f32";
  per: Per;
  /** Elements per item. */
  width: number;
}

export const LAYOUT = {
  /** See `HEADER`. */
  header: { type: "u32", per: "network", width: 16 },
  /** Known number of values of an input. */
  inputWidth: { type: "u32", per: "input", width: 1 },

  blockHexagon: { type: "u32", per: "block", width: 1 },
  /** Used elements of `places`. */
  blockSections: { type: "u32", per: "block", width: 1 },
  /** The sections that end in the block, in order of creation (ascending). */
  places: { type: "u32", per: "block", width: SECTIONS_PER_BLOCK },
  /** First section of each neuron's list of outgoing sections, or NONE. */
  sectionHead: { type: "u32", per: "block", width: NEURONS_PER_BLOCK },
  bias: { type: "f32", per: "block", width: NEURONS_PER_BLOCK },
  biasMoment: { type: "f32", per: "block", width: NEURONS_PER_BLOCK },
  biasSquare: { type: "f32", per: "block", width: NEURONS_PER_BLOCK },
  /** Online rule: running mean of the neuron's delta. */
  deltaMean: { type: "f32", per: "block", width: NEURONS_PER_BLOCK },
  /** Spiking: raw potential left from the previous cycle, >= 0. */
  potential: { type: "f32", per: "block", width: NEURONS_PER_BLOCK },
  /** Spiking: cycles until the neuron accepts input again. */
  refractory: { type: "u32", per: "block", width: NEURONS_PER_BLOCK },
  /** Value at the end of the previous step, read by backward connections. */
  lastValue: { type: "f32", per: "block", width: NEURONS_PER_BLOCK },

  /** Neuron (or input value) that feeds the section. */
  source: { type: "u32", per: "section", width: 1 },
  /** Block that its synapses end in. */
  target: { type: "u32", per: "section", width: 1 },
  /** Next section of the same source, or NONE. */
  next: { type: "u32", per: "section", width: 1 },
  /** Determines the tiles of the runs, and the initial weights. */
  seed: { type: "u32", per: "section", width: 1 },
  /** Ramps in use. */
  ramps: { type: "u32", per: "section", width: 1 },
  /** The section codes source values from `lower` to `lower` + `range`. */
  lower: { type: "f32", per: "section", width: 1 },
  range: { type: "f32", per: "section", width: 1 },
  /** Half width of the window around a ramp's middle in which a value shrinks the ramp, in ramp widths; 0 = never. */
  tolerance: { type: "f32", per: "section", width: 1 },
  /** > 0 between growth and splitting within a step: the section is full and splits at this value above `lower`. */
  split: { type: "f32", per: "section", width: 1 },
  /** Visits since the last check of `largest`. */
  visits: { type: "u32", per: "section", width: 1 },
  /** Largest value in those visits, relative to `lower`. */
  largest: { type: "f32", per: "section", width: 1 },
  /** How often the ramps have been scaled down after an outlier. */
  recoveries: { type: "u32", per: "section", width: 1 },
  /** Upper end of each ramp relative to `lower`, ascending; the first ramp starts at 0. */
  ends: { type: "f32", per: "section", width: 4 },
  /** One per neuron of the target block, in the block's order. The seed determines its ramp; see `tileOfRun`. */
  weight: { type: "f32", per: "section", width: SYNAPSES_PER_SECTION },
  weightMoment: { type: "f32", per: "section", width: SYNAPSES_PER_SECTION },
  /** Second moment, one per ramp. */
  rampSquare: { type: "f32", per: "section", width: 4 },
  /**
   * Online rule: running mean of the activation of the ramp that ends in each tile of the target block, in the block's
   * order; 0 where none does.
   */
  rampMean: { type: "f32", per: "section", width: 4 },
  /** `onlineSamples` when `rampMean` was last updated. */
  seenOnline: { type: "u32", per: "section", width: 1 },

  tileBlock: { type: "u32", per: "tile", width: 1 },
  /** First output neuron, number of consecutive output neurons, and row of the first. */
  tileOutput: { type: "u32", per: "tile", width: 1 },
  tileOutputCount: { type: "u32", per: "tile", width: 1 },
  tileRow: { type: "u32", per: "tile", width: 1 },
  readout: { type: "f32", per: "row", width: NEURONS_PER_BLOCK },
  readoutMoment: { type: "f32", per: "row", width: NEURONS_PER_BLOCK },
  readoutSquare: { type: "f32", per: "row", width: NEURONS_PER_BLOCK },

  /** Named output that an output neuron belongs to. */
  outputOwner: { type: "u32", per: "output", width: 1 },
  outputBias: { type: "f32", per: "output", width: 1 },
  outputBiasMoment: { type: "f32", per: "output", width: 1 },
  outputBiasSquare: { type: "f32", per: "output", width: 1 },
} as const satisfies Record<string, ArraySpec>;

export type ArrayName = keyof typeof LAYOUT;
export const ARRAY_NAMES = Object.keys(LAYOUT) as ArrayName[];

export type Arrays = {
  [Name in ArrayName]: (typeof LAYOUT)[Name]["type"] extends "u32" ? Uint32Array : Float32Array;
};

/** Words of `header`. The first words count the items of each `Per`. */
export const HEADER = {
  input: 0,
  block: 1,
  section: 2,
  tile: 3,
  row: 4,
  output: 5,
  seed: 6,
  /** Trained samples, low and high word. */
  cycleLow: 7,
  cycleHigh: 8,
  /** Batch updates with at least one sample that was not skipped. */
  adamSteps: 9,
  /** Samples that the online rule has learnt from; see `addOnline`. */
  onlineSamples: 10,
  /** Number of sections after the last reduction. These sections come first. */
  reducedSections: 11,
} as const;
