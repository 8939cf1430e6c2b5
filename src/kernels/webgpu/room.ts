import { NEURONS_PER_BLOCK, SECTIONS_PER_BLOCK } from "../../network/layout.ts";
import { FEW_SECTIONS, START_BLOCKS } from "../../network/learning.ts";
import type { Counts } from "./records.ts";

/** How many things of each sort the pools have room for. */
export type Room = Omit<Counts, "output">;

const START = Math.max(START_BLOCKS.hidden, START_BLOCKS.output) + 1;

/**
 * Room with which a step can begin on a network of this size: nothing that one step could add at the very most
 * exceeds it. `begin.wgsl` decides by the same sums.
 */
export function roomForStep(counts: Counts, shape: { hexagons: number; runs: number }): Room {
  const fresh = NEURONS_PER_BLOCK * counts.block + (NEURONS_PER_BLOCK + FEW_SECTIONS) * START * shape.hexagons;
  const sections = counts.section + 4 * fresh;
  const blocks = (START + 1) * shape.hexagons + Math.floor(sections / SECTIONS_PER_BLOCK);
  return {
    section: counts.section + sections,
    block: counts.block + blocks,
    tile: counts.tile + blocks * shape.runs,
    row: counts.row + blocks * counts.output,
  };
}

/** The same with some space, so that a growing network does not ask again after each step. */
export function roomToGrow(counts: Counts, shape: { hexagons: number; runs: number }): Room {
  const ahead = {
    ...counts,
    section: counts.section + Math.ceil(counts.section / 4),
    block: counts.block + Math.ceil(counts.block / 4),
  };
  return roomForStep(ahead, shape);
}
