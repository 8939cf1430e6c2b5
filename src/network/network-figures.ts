import { readCycle } from "./cycle.ts";
import { NEURONS_PER_BLOCK } from "./constants.ts";
import { hexagonOf, type NetworkModel } from "./network-model.ts";
import type { Template } from "./template/parse-template.ts";
import { bytesPer, count, usedBytes } from "./state.ts";

/** How many samples a network has learned from, and how large it is. */
export interface NetworkFigures {
  /** Trained samples, with those of a stream that wait. */
  cycle: number;
  /** Blocks and neurons of hidden and output hexagons. */
  blocks: number;
  neurons: number;
  sections: number;
  synapses: number;
  /** Size of the state. */
  bytes: number;
  /** The contents of each hexagon, in template order. */
  hexagons: { blocks: number; sections: number; bytes: number }[];
  /** Known values of each input, in template order. Missing in figures that were stored by an older server. */
  inputs?: number[];
}

/** Whether a network with these figures has learned nothing. */
export const isUntaught = ({ cycle, sections }: NetworkFigures): boolean => cycle === 0 && sections === 0;

/** The figures of a network that has learned nothing. */
export function emptyFigures({ hexagons, inputs }: Template): NetworkFigures {
  const bytes = bytesPer("network") + inputs.length * bytesPer("input");
  const empty = { blocks: 0, sections: 0, bytes: 0 };
  return {
    cycle: 0,
    blocks: 0,
    neurons: 0,
    sections: 0,
    synapses: 0,
    bytes,
    hexagons: hexagons.map(() => empty),
    inputs: inputs.map(() => 0),
  };
}

export function figuresOf(model: NetworkModel): NetworkFigures {
  const { state, hexagons } = model;
  const { header, blockSections, ramps, source } = state.arrays;
  const perHexagon = hexagons.map(({ role, blocks }) => {
    const sections = blocks.reduce((sum, block) => sum + blockSections[block]!, 0);
    const bytes = blocks.length * bytesPer("block") + sections * bytesPer("section");
    return { blocks: role === "input" ? 0 : blocks.length, sections, bytes };
  });
  const blocks = perHexagon.reduce((sum, hexagon) => sum + hexagon.blocks, 0);
  const sections = count(state, "section");
  let synapses = 0;
  for (let s = 0; s < sections; s++) {
    const block = Math.floor(source[s]! / NEURONS_PER_BLOCK);
    synapses += ramps[s]! * hexagonOf(model, block).feeds.rampSize;
  }
  return {
    cycle: readCycle(header) + model.stream.waiting,
    blocks,
    neurons: blocks * NEURONS_PER_BLOCK,
    sections,
    synapses,
    bytes: usedBytes(state),
    hexagons: perHexagon,
    inputs: inputWidths(model),
  };
}

/** Known values of each input, in template order. */
export function inputWidths({ template, state }: NetworkModel): number[] {
  return template.inputs.map((_, index) => state.arrays.inputWidth[index]!);
}
