/**
 * All invariants of a state that kernels, growth or reduction rely on: what relies on each, and how to check it. A
 * check may rely on the checks before it, and takes time linear in the data that it reads.
 * `test/network/invariants.test.ts` has a hostile state for each.
 *
 * Not checked, because no code relies on them: unused words of `header`, elements of `places` beyond `blockSections`,
 * values of unused ramps, the `seed` of a section, and the counts of samples of the online rule.
 */
import { isReadOnce, met, rampsAscend, type Subject } from "./invariant-checks.ts";
import { type ArrayName, HEADER, LAYOUT } from "./layout.ts";
import {
  FLOAT_MAX,
  INPUT_MAX,
  NEURONS_PER_BLOCK,
  NONE,
  RECOVERIES_MAX,
  RECOVERY_VISITS,
  SECTIONS_PER_BLOCK,
  TOLERANCE_START,
  VALUE_MAX,
} from "./constants.ts";
import { NEURONS_PER_VALUE } from "./output-values.ts";
import { count } from "./state.ts";
import { readCycle } from "./cycle.ts";

export interface Invariant {
  /** The error text for a state that violates it. */
  readonly broken: string;
  /** The code that relies on it, and why. */
  readonly reliedOnFor: string;
  readonly holds: (subject: Subject) => boolean;
}

const NUMBERS = (Object.keys(LAYOUT) as ArrayName[]).filter((name) => LAYOUT[name].type === "f32");

/** A number that is not finite spreads through every sum, so a state that holds one is refused. */
const finite = (name: ArrayName): Invariant => ({
  broken: `'${name}' holds a number that is not finite`,
  reliedOnFor: "all kernels: sums stay finite",
  holds: ({ state, arrays }) => {
    const array = arrays[name];
    const used = count(state, LAYOUT[name].per) * LAYOUT[name].width;
    for (let i = 0; i < used; i++) if (!(Math.abs(array[i]!) <= FLOAT_MAX)) return false;
    return true;
  },
});

const within = (name: ArrayName, min: number, max: number, reliedOnFor: string): Invariant => ({
  broken: `'${name}' holds a number outside ${min}..${max}`,
  reliedOnFor,
  holds: ({ state, arrays }) => {
    const array = arrays[name];
    const used = count(state, LAYOUT[name].per) * LAYOUT[name].width;
    for (let i = 0; i < used; i++) if (!(array[i]! >= min && array[i]! <= max)) return false;
    return true;
  },
});

/** The counters continue from the stored values; both limits leave more room than a network uses in a century. */
const CYCLES_MAX = 2 ** 52;
const STEPS_MAX = 2 ** 31;

export const INVARIANTS: readonly Invariant[] = [
  ...NUMBERS.map(finite),
  ...(["weight", "bias", "readout", "outputBias"] as const).map((name) =>
    within(name, -VALUE_MAX, VALUE_MAX, "all kernels: no product overflows"),
  ),
  ...(["biasSquare", "rampSquare", "readoutSquare", "outputBiasSquare"] as const).map((name) =>
    within(name, 0, Infinity, "Adam: takes their roots"),
  ),
  within("deltaMean", -2 * VALUE_MAX, 2 * VALUE_MAX, "online rule: no product overflows"),
  within("rampMean", 0, VALUE_MAX, "online rule: no product overflows"),
  within("lower", 0, Infinity, "growth and activations: values are above 0"),
  ...(["potential", "lastValue", "largest"] as const).map((name) =>
    within(name, 0, INPUT_MAX, "spikes, connections that run backwards, outlier recovery: values are >= 0"),
  ),
  within("tolerance", 0, Math.fround(TOLERANCE_START), "growth: a ramp shrinks only for values near its middle"),
  within("split", 0, 0, "splits: a mark is set and cleared within one step"),
  within("visits", 0, RECOVERY_VISITS - 1, "outlier recovery: the count reaches its limit exactly"),
  within("recoveries", 0, RECOVERIES_MAX, "outlier recovery: ends after a number of recoveries"),
  {
    broken: "a neuron rests for longer than its template says",
    reliedOnFor: "spikes: a neuron accepts input again",
    holds: ({ template, arrays, blocks }) => {
      const { refractory } = arrays;
      const { refractoryTime } = template.settings;
      for (let id = 0; id < blocks * NEURONS_PER_BLOCK; id++) if (refractory[id]! > refractoryTime) return false;
      return true;
    },
  },
  {
    broken: "the network has learnt from more cycles than can be counted",
    reliedOnFor: "learning rates, reduction: cycles are exact",
    holds: ({ arrays }) => readCycle(arrays.header) <= CYCLES_MAX,
  },
  {
    broken: "the network has taken more steps than can be counted",
    reliedOnFor: "Adam: divides by a correction that is 0 at 0 steps, so the count must not overflow",
    holds: ({ arrays }) => arrays.header[HEADER.adamSteps]! <= STEPS_MAX,
  },
  {
    broken: "more sections are left than there are",
    reliedOnFor: "reduction: these are the first sections",
    holds: ({ arrays, sections }) => arrays.header[HEADER.reducedSections]! <= sections,
  },
  {
    broken: "the number of inputs is not that of the template",
    reliedOnFor: "unpacking: each input has its width",
    holds: ({ template, state }) => count(state, "input") === template.inputs.length,
  },
  {
    broken: "an output neuron belongs to no output",
    reliedOnFor: "outputs and their errors: look up the output's hexagon",
    holds: ({ template, arrays, outputs }) => {
      const { outputOwner } = arrays;
      for (let k = 0; k < outputs; k++) if (outputOwner[k]! >= template.outputs.length) return false;
      return true;
    },
  },
  {
    broken: "an output has an incomplete value",
    reliedOnFor: "external values: each takes a fixed number of neurons",
    holds: ({ template, arrays, outputs }) => {
      const neurons = template.outputs.map(() => 0);
      for (let k = 0; k < outputs; k++) neurons[arrays.outputOwner[k]!]! += 1;
      return template.outputs.every(({ kind }, i) => neurons[i]! % NEURONS_PER_VALUE[kind] === 0);
    },
  },
  {
    broken: "a block belongs to no hexagon",
    reliedOnFor: "all kernels: take a block's properties from its hexagon",
    holds: ({ template, arrays, blocks }) => {
      const { blockHexagon } = arrays;
      for (let block = 0; block < blocks; block++) if (blockHexagon[block]! >= template.hexagons.length) return false;
      return true;
    },
  },
  {
    broken: "an input's blocks do not fit its width",
    reliedOnFor: "unpacking: every value has its place",
    holds: ({ template, arrays, blocks }) => {
      const found = template.hexagons.map(() => 0);
      for (let block = 0; block < blocks; block++) found[arrays.blockHexagon[block]!]! += 1;
      const { inputWidth } = arrays;
      return template.inputs.every(
        ({ hexagon }, i) => found[hexagon] === Math.ceil(inputWidth[i]! / NEURONS_PER_BLOCK),
      );
    },
  },
  {
    broken: "a block holds too many sections",
    reliedOnFor: "all kernels: stay within `places`; growth: counts free places",
    holds: ({ arrays, blocks }) => {
      const { blockSections } = arrays;
      for (let block = 0; block < blocks; block++) if (blockSections[block]! > SECTIONS_PER_BLOCK) return false;
      return true;
    },
  },
  {
    broken: "a block of an input holds sections",
    reliedOnFor: "all kernels: values of inputs are given, not computed",
    holds: ({ arrays, blocks, kinds }) => {
      const { blockSections, blockHexagon } = arrays;
      for (let block = 0; block < blocks; block++)
        if (blockSections[block]! > 0 && kinds[blockHexagon[block]!]!.fromInput) return false;
      return true;
    },
  },
  {
    broken: "a block lists a section that is not its own",
    reliedOnFor: "forward: a block has room only for the records of its own sections; updates: have no other writer",
    holds: ({ arrays, blocks, sections }) => {
      const { blockSections, places, target } = arrays;
      for (let block = 0; block < blocks; block++) {
        const first = block * SECTIONS_PER_BLOCK;
        for (let place = first; place < first + blockSections[block]!; place++) {
          const section = places[place]!;
          if (section >= sections || target[section] !== block) return false;
        }
      }
      return true;
    },
  },
  {
    broken: "a block lists its sections out of order",
    reliedOnFor: "updates: each section steps once; all engines: sums have one order",
    holds: ({ arrays, blocks }) => {
      const { blockSections, places } = arrays;
      for (let block = 0; block < blocks; block++) {
        const first = block * SECTIONS_PER_BLOCK;
        for (let place = first + 1; place < first + blockSections[block]!; place++)
          if (places[place - 1]! >= places[place]!) return false;
      }
      return true;
    },
  },
  {
    broken: "a section is in no block",
    reliedOnFor: "forward: every section that a walk meets has room for its record",
    holds: ({ arrays, blocks, sections }) => {
      let placed = 0;
      for (let block = 0; block < blocks; block++) placed += arrays.blockSections[block]!;
      return placed === sections;
    },
  },
  {
    broken: "a section has no source",
    reliedOnFor: "all kernels: read the source's value",
    holds: ({ arrays, blocks, sections }) => {
      for (let s = 0; s < sections; s++) if (arrays.source[s]! >= blocks * NEURONS_PER_BLOCK) return false;
      return true;
    },
  },
  {
    broken: "a section ends in a hexagon that its source does not lead to",
    reliedOnFor: "forward: visits only the hexagons that may feed a hexagon, whatever else these feed",
    holds: ({ arrays, sections, leadsTo }) => {
      const { source, target, blockHexagon } = arrays;
      let origin = -1;
      let targets: ReadonlySet<number> = new Set();
      for (let s = 0; s < sections; s++) {
        const hexagon = blockHexagon[Math.floor(source[s]! / NEURONS_PER_BLOCK)]!;
        if (hexagon !== origin) targets = leadsTo((origin = hexagon));
        if (!targets.has(blockHexagon[target[s]!]!)) return false;
      }
      return true;
    },
  },
  {
    broken: "a section has too many ramps",
    reliedOnFor: "all kernels: synapses of a ramp lie within the section; growth: a full section splits",
    holds: ({ arrays, sections, kinds }) => {
      const { ramps, source, blockHexagon } = arrays;
      for (let s = 0; s < sections; s++)
        if (ramps[s]! > kinds[blockHexagon[Math.floor(source[s]! / NEURONS_PER_BLOCK)]!]!.rampCount) return false;
      return true;
    },
  },
  {
    broken: "a section codes an empty range",
    reliedOnFor: "growth: a split has something to split",
    holds: ({ arrays, sections }) => {
      for (let s = 0; s < sections; s++) if (!(arrays.range[s]! > 0)) return false;
      return true;
    },
  },
  {
    broken: "a section's ramps are not ascending",
    reliedOnFor: "growth: searches the ramps for a value; deltas: are divided by the width of ramps",
    holds: rampsAscend,
  },
  {
    broken: "a section matches values beyond its range",
    reliedOnFor: "growth: a split between two values leaves a range on both sides",
    holds: ({ arrays, sections, kinds }) => {
      const { ramps, ends, range, source, blockHexagon } = arrays;
      for (let s = 0; s < sections; s++) {
        if (ramps[s] === 0 || !kinds[blockHexagon[Math.floor(source[s]! / NEURONS_PER_BLOCK)]!]!.match) continue;
        if (ends[s * 4 + ramps[s]! - 1]! > range[s]!) return false;
      }
      return true;
    },
  },
  {
    broken: "a section refines ramps that no input feeds",
    reliedOnFor: "deltas: are divided by the width of ramps that neurons feed, which never shrinks",
    holds: ({ arrays, sections, kinds }) => {
      const { tolerance, source, blockHexagon } = arrays;
      for (let s = 0; s < sections; s++) {
        const { fromInput, match } = kinds[blockHexagon[Math.floor(source[s]! / NEURONS_PER_BLOCK)]!]!;
        if (tolerance[s]! > 0 && (match || !fromInput)) return false;
      }
      return true;
    },
  },
  {
    broken: "a list of sections leads nowhere",
    reliedOnFor: "all kernels: follow the lists",
    holds: ({ arrays, blocks, sections }) => {
      const { sectionHead, next } = arrays;
      for (let id = 0; id < blocks * NEURONS_PER_BLOCK; id++)
        if (sectionHead[id]! >= sections && sectionHead[id] !== NONE) return false;
      for (let s = 0; s < sections; s++) if (next[s]! >= sections && next[s] !== NONE) return false;
      return true;
    },
  },
  {
    broken: "a list of sections does not run from newer to older ones",
    reliedOnFor: "all kernels: a list whose links all lead down ends, whatever else is wrong",
    holds: ({ arrays, sections }) => {
      const { next } = arrays;
      for (let s = 0; s < sections; s++) if (next[s]! >= s && next[s] !== NONE) return false;
      return true;
    },
  },
  {
    broken: "a list holds another neuron's section",
    reliedOnFor: "growth and forward: a walk applies its neuron's value to the sections",
    holds: ({ arrays, blocks, sections }) => {
      const { sectionHead, next, source } = arrays;
      for (let id = 0; id < blocks * NEURONS_PER_BLOCK; id++)
        if (sectionHead[id] !== NONE && source[sectionHead[id]!] !== id) return false;
      for (let s = 0; s < sections; s++) if (next[s] !== NONE && source[next[s]!] !== source[s]) return false;
      return true;
    },
  },
  {
    broken: "a section is listed twice",
    reliedOnFor: "forward: a walk meets each section once, and there is room for its record",
    holds: ({ arrays, blocks, sections }) => !met(arrays, blocks, sections).isTwice,
  },
  {
    broken: "a section is in no list",
    reliedOnFor: "reduction: a source that is left without sections may grow again",
    holds: ({ arrays, blocks, sections }) => met(arrays, blocks, sections).sections === sections,
  },
  {
    broken: "readout weights belong to no block",
    reliedOnFor: "outputs: read the block's values",
    holds: ({ arrays, tiles, blocks }) => {
      for (let tile = 0; tile < tiles; tile++) if (arrays.tileBlock[tile]! >= blocks) return false;
      return true;
    },
  },
  {
    broken: "readout weights are for nobody",
    reliedOnFor: "outputs: there are no more tiles than rows",
    holds: ({ arrays, tiles }) => {
      for (let tile = 0; tile < tiles; tile++) if (arrays.tileOutputCount[tile] === 0) return false;
      return true;
    },
  },
  {
    broken: "readout weights are out of order",
    reliedOnFor: "updates: no two tiles share a row",
    holds: ({ arrays, tiles }) => {
      const { tileRow, tileOutputCount } = arrays;
      for (let tile = 0, rows = 0; tile < tiles; rows += tileOutputCount[tile]!, tile++)
        if (tileRow[tile] !== rows) return false;
      return true;
    },
  },
  {
    broken: "readout weights belong to no output",
    reliedOnFor: "outputs: write to their output neurons",
    holds: ({ arrays, tiles, outputs }) => {
      const { tileOutput, tileOutputCount } = arrays;
      for (let tile = 0; tile < tiles; tile++) if (tileOutput[tile]! + tileOutputCount[tile]! > outputs) return false;
      return true;
    },
  },
  {
    broken: "readout weights have no owner",
    reliedOnFor: "outputs: every row belongs to a tile",
    holds: ({ arrays, state, tiles }) => {
      let rows = 0;
      for (let tile = 0; tile < tiles; tile++) rows += arrays.tileOutputCount[tile]!;
      return rows === count(state, "row");
    },
  },
  {
    broken: "readout weights read from another hexagon",
    reliedOnFor: "errors: only neurons of output hexagons have output errors",
    holds: ({ template, arrays, tiles }) => {
      const { tileBlock, tileOutput, tileOutputCount, outputOwner, blockHexagon } = arrays;
      for (let tile = 0; tile < tiles; tile++) {
        const hexagon = blockHexagon[tileBlock[tile]!]!;
        const end = tileOutput[tile]! + tileOutputCount[tile]!;
        for (let k = tileOutput[tile]!; k < end; k++)
          if (template.outputs[outputOwner[k]!]!.hexagon !== hexagon) return false;
      }
      return true;
    },
  },
  {
    broken: "readout weights exist twice",
    reliedOnFor: "updates: each weight steps once",
    holds: ({ arrays, tiles, blocks, outputs }) => isReadOnce(arrays, { tiles, blocks, outputs }),
  },
  {
    broken: "readout weights are missing",
    reliedOnFor: "growth of outputs: every block of a hexagon reads out to all its output neurons",
    holds: ({ template, arrays, state, blocks, outputs }) => {
      const perHexagon = template.hexagons.map(() => 0);
      for (let k = 0; k < outputs; k++) perHexagon[template.outputs[arrays.outputOwner[k]!]!.hexagon]! += 1;
      let expected = 0;
      for (let block = 0; block < blocks; block++) expected += perHexagon[arrays.blockHexagon[block]!]!;
      return expected === count(state, "row");
    },
  },
];
