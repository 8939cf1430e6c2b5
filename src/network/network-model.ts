import { FreePlaces } from "./free-places.ts";
import { COOLDOWN_FORGETS, NEURONS_PER_BLOCK, NONE } from "./constants.ts";
import { HEADER } from "./layout.ts";
import { NEURONS_PER_VALUE } from "./output-values.ts";
import { INPUT_SECTION, MATCH_SECTION, NEURON_SECTION, type SectionKind } from "./section-kind.ts";
import { StateError } from "./state-error.ts";
import { append, copyState, count, createState, releaseState, type Memory, type State } from "./state.ts";
import { Stream, WAITING_VALUES_MAX } from "./stream.ts";
import { targetLists } from "./targets.ts";
import type { Template } from "./template/parse-template.ts";
import { yieldPoint } from "./yield-point.ts";

export interface Hexagon {
  index: number;
  role: "input" | "hidden" | "output";
  /** The kind of the sections that its neurons or values feed. */
  feeds: SectionKind;
  /** Network-wide indices of its blocks, ascending. */
  blocks: number[];
  /** The free section places of its blocks. */
  places: FreePlaces;
  /** The hexagons that its new sections may end in; see `targetLists`. */
  targets: number[];
}

/** A network: its template, its state, and everything derived from the two. */
export interface NetworkModel {
  readonly template: Template;
  readonly seed: number;
  readonly hexagons: Hexagon[];
  readonly state: State;
  /** Per named output, the network-wide indices of its output neurons, ascending. */
  readonly outputNeurons: number[][];
  /** Whether neurons keep potential or refractory time from one cycle to the next. */
  readonly hasMemory: boolean;
  /** Whether connections may lead to the same or an earlier hexagon of the list. */
  readonly hasBackEdges: boolean;
  /** Text of the encoders of its inputs and outputs, see `encodersText`; empty until they are fitted. */
  encoders: string;
  /** The stream that it learns, if any. */
  readonly stream: Stream;
}

/** Creates a network with an empty state. Throws RangeError unless `seed` is an unsigned 32-bit integer. */
export function createModel(template: Template, seed: number, memory?: Memory): NetworkModel {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
    throw new RangeError(`seed ${seed} is not an unsigned 32-bit integer`);
  const state = createState(memory);
  try {
    append(state, "input", template.inputs.length);
    state.arrays.header[HEADER.seed] = seed;
    return modelOf(template, state);
  } catch (error) {
    releaseState(state);
    throw error;
  }
}

/** Builds the model of a template and a state. Throws StateError if its blocks or outputs do not fit. */
export function modelOf(
  template: Template,
  state: State,
  { encoders = "", stream = new Stream() }: { encoders?: string | undefined; stream?: Stream } = {},
): NetworkModel {
  const { header, blockHexagon, blockSections, outputOwner } = state.arrays;
  const seed = header[HEADER.seed]!;
  const lists = targetLists(template, seed);
  const inputAt = new Map(template.inputs.map((input) => [input.hexagon, input]));
  const outputAt = new Set(template.outputs.map((output) => output.hexagon));
  const hexagons = template.hexagons.map((_, index): Hexagon => {
    const input = inputAt.get(index);
    return {
      index,
      role: input ? "input" : outputAt.has(index) ? "output" : "hidden",
      feeds: !input ? NEURON_SECTION : input.kind === "match" ? MATCH_SECTION : INPUT_SECTION,
      blocks: [],
      places: new FreePlaces(),
      targets: lists[index] ?? [],
    };
  });
  for (let block = 0; block < count(state, "block"); block++) {
    const hexagon = hexagons[blockHexagon[block]!];
    if (hexagon === undefined) throw new StateError("a block belongs to no hexagon");
    hexagon.blocks.push(block);
    hexagon.places.addBlock(blockSections[block]!);
  }
  const outputNeurons = template.outputs.map((): number[] => []);
  for (let k = 0; k < count(state, "output"); k++) {
    const neurons = outputNeurons[outputOwner[k]!];
    if (neurons === undefined) throw new StateError("an output neuron belongs to no output");
    neurons.push(k);
  }
  const { neuronCooldown, refractoryTime } = template.settings;
  return {
    template,
    seed,
    hexagons,
    state,
    outputNeurons,
    hasMemory: refractoryTime > 1 || neuronCooldown < COOLDOWN_FORGETS,
    hasBackEdges: hexagons.some(({ index, targets }) => targets.some((target) => target <= index)),
    encoders,
    stream,
  };
}

/** An equal network in a memory of its own. */
export function copyModel({ template, state, encoders, stream }: NetworkModel, memory: Memory): NetworkModel {
  const copy = copyState(state, memory);
  try {
    return modelOf(template, copy, { encoders, stream: new Stream(structuredClone(stream.state)) });
  } catch (error) {
    releaseState(copy);
    throw error;
  }
}

/** Adds a block, without readout weights, to a hexagon and returns its index; see `growBlock`. */
export function appendBlock(model: NetworkModel, hexagon: Hexagon): number {
  const { state } = model;
  const block = append(state, "block", 1);
  state.arrays.blockHexagon[block] = hexagon.index;
  state.arrays.sectionHead.fill(NONE, block * NEURONS_PER_BLOCK, (block + 1) * NEURONS_PER_BLOCK);
  hexagon.blocks.push(block);
  hexagon.places.addBlock(0);
  return block;
}

/** The hexagon of a block. */
export function hexagonOf(model: NetworkModel, block: number): Hexagon {
  return model.hexagons[model.state.arrays.blockHexagon[block]!]!;
}

/** Makes an input at least `width` values wide. It never gets narrower. */
export function widenInput(model: NetworkModel, input: number, width: number): void {
  const hexagon = model.hexagons[model.template.inputs[input]!.hexagon]!;
  const { inputWidth } = model.state.arrays;
  if (width <= inputWidth[input]!) return;
  inputWidth[input] = width;
  while (hexagon.blocks.length * NEURONS_PER_BLOCK < width) {
    appendBlock(model, hexagon);
    yieldPoint();
  }
}

/**
 * Whether samples of a stream may wait for others: networks that remember earlier cycles learn each in its turn, and
 * wide ones, whose steps take much memory, at once.
 */
export function canWait({ hasMemory, hasBackEdges, template, state, outputNeurons }: NetworkModel): boolean {
  const inputs = template.inputs.reduce((sum, _, index) => sum + state.arrays.inputWidth[index]!, 0);
  const values = outputNeurons.reduce((sum, neurons) => sum + neurons.length, inputs);
  return !hasMemory && !hasBackEdges && values <= WAITING_VALUES_MAX;
}

/** External values of an output. */
export function outputWidth(model: NetworkModel, output: number): number {
  return model.outputNeurons[output]!.length / NEURONS_PER_VALUE[model.template.outputs[output]!.kind];
}
