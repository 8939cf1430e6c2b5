import { type Hexagon, modelOf, type NetworkModel } from "../../network/network-model.ts";
import { NEURONS_PER_BLOCK } from "../../network/constants.ts";
import { HEADER, LAYOUT, type ArrayName } from "../../network/layout.ts";
import { append, count, createState } from "../../network/state.ts";
import type { Template } from "../../network/template/parse-template.ts";
import { BACK, FROM_INPUT, LEARNS, MATCH, ROLES } from "./codes.ts";
import { readStructs } from "./structs.ts";

export const structs = readStructs();

/** Number of items of each kind in a network's pools. */
export type Counts = Record<"block" | "section" | "tile" | "row" | "output", number>;

/** A network in the device's form: the contents of its buffers, by their names in the shaders. */
export interface Records {
  counts: Counts;
  adamSteps: number;
  onlineSamples: number;
  seed: number;
  /** Target lists and runs of output neurons. On the device, the lists of the hexagons' blocks follow. */
  lists: Uint32Array;
  /** Total number of runs of output neurons in all hexagons. */
  runs: number;
  hexagons: Uint32Array;
  blocks: Uint32Array;
  neurons: Uint32Array;
  sections: Uint32Array;
  tiles: Uint32Array;
  outputs: Uint32Array;
  weights: Float32Array;
  moments: Float32Array;
  readout: Float32Array;
  readout_moments: Float32Array;
}

/** The part of a network that the device neither needs nor changes. */
export interface HostPart {
  template: Template;
  header: Uint32Array;
  inputWidth: Uint32Array;
  outputOwner: Uint32Array;
}

const NEURON_FIELDS: readonly (readonly [ArrayName, string])[] = [
  ["bias", "bias"],
  ["biasMoment", "bias_moment"],
  ["biasSquare", "bias_square"],
  ["deltaMean", "delta_mean"],
  ["potential", "potential"],
  ["refractory", "refractory"],
  ["lastValue", "last_value"],
  ["sectionHead", "head"],
];
const SECTION_FIELDS: readonly (readonly [ArrayName, string])[] = [
  ["source", "source"],
  ["target", "target_block"],
  ["next", "next"],
  ["seed", "seed"],
  ["ramps", "ramps"],
  ["visits", "visits"],
  ["recoveries", "recoveries"],
  ["lower", "lower"],
  ["range", "range"],
  ["tolerance", "tolerance"],
  ["split", "split"],
  ["largest", "largest"],
  ["ends", "ends"],
  ["rampSquare", "squares"],
  ["rampMean", "means"],
  ["seenOnline", "seen"],
];
const BLOCK_FIELDS: readonly (readonly [ArrayName, string])[] = [
  ["blockHexagon", "hexagon"],
  ["blockSections", "sections"],
  ["places", "places"],
];
const TILE_FIELDS: readonly (readonly [ArrayName, string])[] = [
  ["tileBlock", "block"],
  ["tileOutput", "output"],
  ["tileOutputCount", "outputs"],
  ["tileRow", "row"],
];
const OUTPUT_FIELDS: readonly (readonly [ArrayName, string])[] = [
  ["outputBias", "bias"],
  ["outputBiasMoment", "bias_moment"],
  ["outputBiasSquare", "bias_square"],
];

/** Converts a network to records, without changing a bit of its state. */
export function packRecords(model: NetworkModel): Records & { host: HostPart } {
  const { state, template } = model;
  const { arrays } = state;
  const counts: Counts = {
    block: count(state, "block"),
    section: count(state, "section"),
    tile: count(state, "tile"),
    row: count(state, "row"),
    output: count(state, "output"),
  };
  const { lists, table, runs } = packHexagons(model);
  const records: Records = {
    counts,
    adamSteps: arrays.header[HEADER.adamSteps]!,
    onlineSamples: arrays.header[HEADER.onlineSamples]!,
    seed: model.seed,
    lists,
    runs,
    hexagons: table,
    blocks: gather(model, "Block", counts.block, BLOCK_FIELDS),
    neurons: gather(model, "Neuron", counts.block * NEURONS_PER_BLOCK, NEURON_FIELDS),
    sections: gather(model, "Section", counts.section, SECTION_FIELDS),
    tiles: gather(model, "Tile", counts.tile, TILE_FIELDS),
    outputs: gather(model, "Output", counts.output, OUTPUT_FIELDS),
    weights: used(model, "weight") as Float32Array,
    moments: used(model, "weightMoment") as Float32Array,
    readout: used(model, "readout") as Float32Array,
    readout_moments: interleave(used(model, "readoutMoment"), used(model, "readoutSquare")),
  };
  deriveFields(model, records);
  const host = {
    template,
    header: arrays.header.slice(),
    inputWidth: used(model, "inputWidth").slice() as Uint32Array,
    outputOwner: used(model, "outputOwner").slice() as Uint32Array,
  };
  return { ...records, host };
}

/** Converts records back to a network. */
export function unpackRecords(records: Records, host: HostPart): NetworkModel {
  const state = createState();
  const { counts } = records;
  append(state, "input", host.inputWidth.length);
  for (const per of ["block", "section", "tile", "row", "output"] as const) append(state, per, counts[per]);
  const { arrays } = state;
  const header = host.header.slice();
  for (const per of ["block", "section", "tile", "row", "output"] as const) header[HEADER[per]] = counts[per];
  header[HEADER.adamSteps] = records.adamSteps;
  header[HEADER.onlineSamples] = records.onlineSamples;
  arrays.header.set(header);
  arrays.inputWidth.set(host.inputWidth);
  arrays.outputOwner.set(host.outputOwner);
  const spread = (struct: string, words: Uint32Array, items: number, fields: typeof BLOCK_FIELDS) => {
    for (const [name, field] of fields) scatter(words, struct, field, { name, items, to: arrays[name] });
  };
  spread("Block", records.blocks, counts.block, BLOCK_FIELDS);
  spread("Neuron", records.neurons, counts.block * NEURONS_PER_BLOCK, NEURON_FIELDS);
  spread("Section", records.sections, counts.section, SECTION_FIELDS);
  spread("Tile", records.tiles, counts.tile, TILE_FIELDS);
  spread("Output", records.outputs, counts.output, OUTPUT_FIELDS);
  arrays.weight.set(records.weights);
  arrays.weightMoment.set(records.moments);
  arrays.readout.set(records.readout);
  for (let i = 0; i < records.readout.length; i++) {
    arrays.readoutMoment[i] = records.readout_moments[2 * i]!;
    arrays.readoutSquare[i] = records.readout_moments[2 * i + 1]!;
  }
  return modelOf(host.template, state);
}

/** Lists the blocks of each hexagon as they follow `lists` on the device: [hexagon][blockCapacity]. */
export function memberList(
  blocks: Uint32Array,
  shape: { blocks: number; hexagons: number; blockCapacity: number },
): Uint32Array {
  const members = new Uint32Array(shape.hexagons * shape.blockCapacity);
  const { words, at } = structs("Block");
  for (let block = 0; block < shape.blocks; block++) {
    const hexagon = blocks[block * words + at("hexagon")]!;
    members[hexagon * shape.blockCapacity + blocks[block * words + at("ordinal")]!] = block;
  }
  return members;
}

function packHexagons({ hexagons, template, outputNeurons, state }: NetworkModel) {
  const lists: number[] = [];
  const { words, at } = structs("Hexagon");
  const table = new Uint32Array(hexagons.length * words);
  let runs = 0;
  for (const hexagon of hexagons) {
    const set = (field: string, value: number) => (table[hexagon.index * words + at(field)] = value);
    set("role", ROLES[hexagon.role]);
    set("kind", kindFlags(hexagon));
    set("first_target", lists.length);
    set("targets", hexagon.targets.length);
    lists.push(...hexagon.targets);
    set("first_run", lists.length);
    const found = template.outputs.flatMap((output, i) =>
      output.hexagon === hexagon.index ? consecutive(outputNeurons[i]!) : [],
    );
    set("runs", found.length);
    runs += found.length;
    lists.push(...found.flat());
    set("blocks", hexagon.blocks.length);
    set(
      "sections",
      hexagon.blocks.reduce((sum, block) => sum + state.arrays.blockSections[block]!, 0),
    );
  }
  return { lists: Uint32Array.from(lists), table, runs };
}

/** Fills in the derived fields, which the device stores because its kernels read them often. */
function deriveFields({ hexagons, state, template }: NetworkModel, records: Records): void {
  const { source, target, blockHexagon, outputOwner } = state.arrays;
  const section = structs("Section");
  for (let s = 0; s < records.counts.section; s++) {
    const origin = hexagons[blockHexagon[Math.floor(source[s]! / NEURONS_PER_BLOCK)]!]!;
    const isBack = origin.index >= blockHexagon[target[s]!]!;
    const link = isBack ? BACK : origin.role === "hidden" ? LEARNS : 0;
    records.sections[s * section.words + section.at("source_hexagon")] = origin.index;
    records.sections[s * section.words + section.at("kind")] = kindFlags(origin) | link;
  }
  const block = structs("Block");
  for (const hexagon of hexagons)
    hexagon.blocks.forEach((b, ordinal) => (records.blocks[b * block.words + block.at("ordinal")] = ordinal));
  const output = structs("Output");
  for (let k = 0; k < records.counts.output; k++)
    records.outputs[k * output.words + output.at("hexagon")] = template.outputs[outputOwner[k]!]!.hexagon;
}

function kindFlags({ feeds }: Hexagon): number {
  return (feeds.fromInput ? FROM_INPUT : 0) | (feeds.match ? MATCH : 0);
}

/** Finds the runs of consecutive numbers in an ascending list, as [first, length]. */
function consecutive(list: number[]): number[][] {
  const found: [number, number][] = [];
  for (const value of list) {
    const last = found.at(-1);
    if (last && last[0] + last[1] === value) last[1] += 1;
    else found.push([value, 1]);
  }
  return found;
}

function used({ state }: NetworkModel, name: ArrayName): Uint32Array | Float32Array {
  return state.arrays[name].subarray(0, count(state, LAYOUT[name].per) * LAYOUT[name].width);
}

/** Number of an array's elements in each record. */
const elements = (name: ArrayName) => (LAYOUT[name].width === NEURONS_PER_BLOCK ? 1 : LAYOUT[name].width);

function gather(model: NetworkModel, struct: string, items: number, fields: typeof BLOCK_FIELDS): Uint32Array {
  const { words, at } = structs(struct);
  const records = new Uint32Array(items * words);
  for (const [name, field] of fields) {
    const array = model.state.arrays[name];
    const bits = new Uint32Array(array.buffer, array.byteOffset, array.length);
    const width = elements(name);
    const offset = at(field);
    for (let item = 0; item < items; item++)
      for (let i = 0; i < width; i++) records[item * words + offset + i] = bits[item * width + i]!;
  }
  return records;
}

function scatter(
  records: Uint32Array,
  struct: string,
  field: string,
  { name, items, to }: { name: ArrayName; items: number; to: Uint32Array | Float32Array },
): void {
  const { words, at } = structs(struct);
  const bits = new Uint32Array(to.buffer, to.byteOffset, to.length);
  const width = elements(name);
  const offset = at(field);
  for (let item = 0; item < items; item++)
    for (let i = 0; i < width; i++) bits[item * width + i] = records[item * words + offset + i]!;
}

function interleave(first: Uint32Array | Float32Array, second: Uint32Array | Float32Array): Float32Array {
  const both = new Float32Array(first.length * 2);
  for (let i = 0; i < first.length; i++) {
    both[2 * i] = first[i]!;
    both[2 * i + 1] = second[i]!;
  }
  return both;
}
