/** Allocates and splits sections. The shaders of the same names do this on a GPU. */
import type { NetworkModel, Hexagon } from "./network-model.ts";
import {
  FEW_SECTIONS,
  FINE_SECTIONS,
  FLOAT_MAX,
  FREE_PLACES_MIN,
  TOLERANCE_START,
  NEURONS_PER_BLOCK,
  NONE,
  RUN,
  SECTIONS_PER_BLOCK,
  START_BLOCKS_OUTPUT,
  START_BLOCKS_HIDDEN,
} from "./constants.ts";
import { DRAW, draw } from "./random.ts";
import { growBlock } from "./readout.ts";
import { runsOfRamp } from "./section-kind.ts";
import { following } from "./section-list.ts";
import { StateError } from "./state-error.ts";
import { append, count, expectMore } from "./state.ts";
import { yieldPoint } from "./yield-point.ts";

/** New sections between two yield points. */
const PIECE_SECTIONS = 64;

/**
 * Allocates the first sections of the hexagon's neurons (or values) that have none and were positive, in neuron order.
 * Each gets one section in a random block of a random target hexagon, or one in every block while that hexagon holds
 * few sections.
 */
export function allocateSources(model: NetworkModel, hexagon: Hexagon, wasPositive: (id: number) => boolean): void {
  if (hexagon.targets.length === 0) return;
  const sources = freshSources(model, hexagon, wasPositive);
  expectMore(model.state, "section", sources.length);
  for (const source of sources) {
    const target = pickTarget(model, hexagon, source);
    prepareBlocks(model, target);
    const few = target.places.sections < FEW_SECTIONS;
    const first = draw(model.seed, DRAW.sectionBlock + hexagon.index, source, 0);
    const copies = few ? target.blocks.length : 1;
    for (let copy = 0; copy < copies; copy++) {
      const section = appendSection(model, source, target, first + copy);
      if (few && hexagon.feeds.fromInput && !hexagon.feeds.match)
        model.state.arrays.tolerance[section] = TOLERANCE_START;
    }
  }
}

function freshSources(model: NetworkModel, { blocks }: Hexagon, wasPositive: (id: number) => boolean): number[] {
  const { sectionHead } = model.state.arrays;
  const found: number[] = [];
  for (const block of blocks) {
    const end = (block + 1) * NEURONS_PER_BLOCK;
    for (let source = block * NEURONS_PER_BLOCK; source < end; source++)
      if (sectionHead[source] === NONE && wasPositive(source)) found.push(source);
  }
  return found;
}

/** The full sections that the hexagon feeds, ascending. Visits only its own sections: all hexagons cost one pass. */
export function markedSections({ state }: NetworkModel, { blocks }: Hexagon): number[] {
  const { sectionHead, next, split: marks } = state.arrays;
  const found: number[] = [];
  for (const block of blocks) {
    const end = (block + 1) * NEURONS_PER_BLOCK;
    for (let source = block * NEURONS_PER_BLOCK; source < end; source++)
      for (let s = sectionHead[source]!; s !== NONE; s = following(next, s)) if (marks[s] !== 0) found.push(s);
  }
  return found.sort((a, b) => a - b);
}

/**
 * Splits the full sections that the hexagon feeds, in section order. The old section keeps the lower half of its ramps
 * and the range that they cover; a new section in a random block takes the rest of the range. While the target hexagon
 * holds few sections, the new section inherits the tolerance.
 */
export function split(model: NetworkModel, hexagon: Hexagon, marked = markedSections(model, hexagon)): void {
  const { state } = model;
  const sections = count(state, "section");
  expectMore(state, "section", marked.length);
  for (const old of marked) {
    const border = state.arrays.split[old]!;
    const source = state.arrays.source[old]!;
    const target = pickTarget(model, hexagon, sections + old);
    prepareBlocks(model, target);
    const isFine = target.places.sections < FINE_SECTIONS;
    const first = draw(model.seed, DRAW.sectionBlock + hexagon.index, source, old + 1);
    const upper = appendSection(model, source, target, first);
    const { lower, range, ramps, rampMean, seed, tolerance, split: marks } = state.arrays;
    lower[upper] = lower[old]! + border;
    range[upper] = range[old]! - border;
    range[old] = border;
    if (isFine) tolerance[upper] = tolerance[old]!;
    ramps[old] = hexagon.feeds.rampCount / 2;
    for (let ramp = ramps[old]!; ramp < hexagon.feeds.rampCount; ramp++)
      for (const run of runsOfRamp(seed[old]!, hexagon.feeds, ramp)) rampMean[old * 4 + run / RUN] = 0;
    marks[old] = 0;
  }
}

function pickTarget(model: NetworkModel, hexagon: Hexagon, item: number): Hexagon {
  const random = draw(model.seed, DRAW.sectionTarget + hexagon.index, item, 0);
  return model.hexagons[hexagon.targets[random % hexagon.targets.length]!]!;
}

function prepareBlocks(model: NetworkModel, target: Hexagon): void {
  if (target.blocks.length === 0) {
    const start = target.role === "output" ? START_BLOCKS_OUTPUT : START_BLOCKS_HIDDEN;
    for (let i = 0; i < start; i++) growBlock(model, target);
  }
}

/** Adds an empty section to the first block with a free place, searching from the `start`th block. */
function appendSection(model: NetworkModel, source: number, target: Hexagon, start: number): number {
  const { state, seed } = model;
  if (target.places.free < FREE_PLACES_MIN) growBlock(model, target);
  const at = target.places.firstFree(start % target.blocks.length);
  const block = target.blocks[at];
  if (block === undefined || state.arrays.blockSections[block]! >= SECTIONS_PER_BLOCK)
    throw new StateError("a block holds other sections than its hexagon counts");

  const section = append(state, "section", 1);
  if (section % PIECE_SECTIONS === 0) yieldPoint();
  const arrays = state.arrays;
  arrays.places[block * SECTIONS_PER_BLOCK + arrays.blockSections[block]!] = section;
  arrays.blockSections[block]! += 1;
  target.places.take(at, arrays.blockSections[block]!);
  arrays.source[section] = source;
  arrays.target[section] = block;
  arrays.next[section] = arrays.sectionHead[source]!;
  arrays.sectionHead[source] = section;
  arrays.seed[section] = draw(seed, DRAW.sectionSeed + target.index, section, 0);
  arrays.range[section] = FLOAT_MAX;
  return section;
}
