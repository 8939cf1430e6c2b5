import type { Cluster, Hexagon } from "../../network/cluster.ts";
import {
  FEW_SECTIONS,
  FINE_SECTIONS,
  FLOAT_MAX,
  FREE_PLACES_MIN,
  NEURONS_PER_BLOCK,
  NONE,
  SECTIONS_PER_BLOCK,
  START_BLOCKS_HIDDEN,
  START_BLOCKS_OUTPUT,
  TOLERANCE_START,
} from "../../network/constants.ts";
import { DRAW, draw } from "../../network/random.ts";
import { growBlock } from "../../network/readout.ts";
import type { Scratch } from "../../network/scratch.ts";
import { following } from "../../network/section-list.ts";
import { StateError } from "../../network/state-error.ts";
import { append, count, expectMore } from "../../network/state.ts";
import { yieldPoint } from "../../network/yield-point.ts";

/** So many new sections are made between two yield points. */
const PIECE_SECTIONS = 64;

/** Gives sections to the hexagon's neurons (or values) that are positive for the first time. */
export function allocate(cluster: Cluster, scratch: Scratch, hexagon: Hexagon): void {
  allocateSources(cluster, hexagon, (id) =>
    wasPositive(scratch, Math.floor(id / NEURONS_PER_BLOCK), id % NEURONS_PER_BLOCK),
  );
}

/**
 * Gives sections to those of the hexagon's neurons (or values) that have none and were positive, in order of neurons.
 * One section in a random block of a random target hexagon; while that holds few sections, one in each of its blocks.
 */
export function allocateSources(cluster: Cluster, hexagon: Hexagon, wasPositive: (id: number) => boolean): void {
  if (hexagon.targets.length === 0) return;
  const sources = freshSources(cluster, hexagon, wasPositive);
  expectMore(cluster.state, "section", sources.length);
  for (const source of sources) {
    const target = pickTarget(cluster, hexagon, source);
    prepareBlocks(cluster, target);
    const few = target.places.sections < FEW_SECTIONS;
    const first = draw(cluster.seed, DRAW.sectionBlock + hexagon.index, source, 0);
    const copies = few ? target.blocks.length : 1;
    for (let copy = 0; copy < copies; copy++) {
      const section = appendSection(cluster, source, target, first + copy);
      if (few && hexagon.feeds.fromInput && !hexagon.feeds.match)
        cluster.state.arrays.tolerance[section] = TOLERANCE_START;
    }
  }
}

function freshSources(cluster: Cluster, { blocks }: Hexagon, wasPositive: (id: number) => boolean): number[] {
  const { sectionHead } = cluster.state.arrays;
  const found: number[] = [];
  for (const block of blocks) {
    const end = (block + 1) * NEURONS_PER_BLOCK;
    for (let source = block * NEURONS_PER_BLOCK; source < end; source++)
      if (sectionHead[source] === NONE && wasPositive(source)) found.push(source);
  }
  return found;
}

/** The sections that the hexagon feeds and that are full, ascending. Looks at no others, so that all hexagons are one look. */
export function markedSections({ state }: Cluster, { blocks }: Hexagon): number[] {
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
 * Splits the full sections that the hexagon feeds, in order of sections: the old one keeps the lower half of its ramps
 * and of its range, a new one in a random block takes the rest, as finely
 * while there are few sections.
 */
export function split(cluster: Cluster, hexagon: Hexagon, marked = markedSections(cluster, hexagon)): void {
  const { state } = cluster;
  const sections = count(state, "section");
  expectMore(state, "section", marked.length);
  for (const old of marked) {
    const border = state.arrays.split[old]!;
    const source = state.arrays.source[old]!;
    const target = pickTarget(cluster, hexagon, sections + old);
    prepareBlocks(cluster, target);
    const isFine = target.places.sections < FINE_SECTIONS;
    const first = draw(cluster.seed, DRAW.sectionBlock + hexagon.index, source, old + 1);
    const upper = appendSection(cluster, source, target, first);
    const { lower, range, ramps, tolerance, split: marks } = state.arrays;
    lower[upper] = lower[old]! + border;
    range[upper] = range[old]! - border;
    range[old] = border;
    if (isFine) tolerance[upper] = tolerance[old]!;
    ramps[old] = hexagon.feeds.rampCount / 2;
    marks[old] = 0;
  }
}

function wasPositive(scratch: Scratch, block: number, n: number): boolean {
  for (let q = 0; q < scratch.samples; q++) if (scratch.value[scratch.at(block, q) + n]! > 0) return true;
  return false;
}

function pickTarget(cluster: Cluster, hexagon: Hexagon, item: number): Hexagon {
  const random = draw(cluster.seed, DRAW.sectionTarget + hexagon.index, item, 0);
  return cluster.hexagons[hexagon.targets[random % hexagon.targets.length]!]!;
}

function prepareBlocks(cluster: Cluster, target: Hexagon): void {
  if (target.blocks.length === 0) {
    const start = target.role === "output" ? START_BLOCKS_OUTPUT : START_BLOCKS_HIDDEN;
    for (let i = 0; i < start; i++) growBlock(cluster, target);
  }
}

/** Adds an empty section to the first block, from the `start`th on, that has a free place. */
function appendSection(cluster: Cluster, source: number, target: Hexagon, start: number): number {
  const { state, seed } = cluster;
  if (target.places.free < FREE_PLACES_MIN) growBlock(cluster, target);
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
