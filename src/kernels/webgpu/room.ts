import {
  FEW_SECTIONS,
  NEURONS_PER_BLOCK,
  SECTIONS_PER_BLOCK,
  START_BLOCKS_HIDDEN,
  START_BLOCKS_OUTPUT,
} from "../../network/constants.ts";
import { bytesPer, STATE_BYTES_MAX } from "../../network/state.ts";
import type { Counts } from "./records.ts";

/** Capacity of the pools, in items of each kind. */
export type Room = Omit<Counts, "output">;

const START = Math.max(START_BLOCKS_HIDDEN, START_BLOCKS_OUTPUT) + 1;

/**
 * The room that a step needs to begin on a network of this size: enough for the worst-case growth of one step.
 * `begin.wgsl` decides by the same sums.
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

/** Like `roomForStep`, with spare room, so that a growing network does not need more after each step. */
export function roomToGrow(counts: Counts, shape: { hexagons: number; runs: number }): Room {
  const ahead = {
    ...counts,
    section: counts.section + Math.ceil(counts.section / 4),
    block: counts.block + Math.ceil(counts.block / 4),
  };
  return roomForStep(ahead, shape);
}

/**
 * Reduces room so that a network that fills it can still be exported: the room beyond its `counts` shrinks by the same
 * share for all kinds. `otherBytes` is the size of the rest of the state.
 */
export function withinState(counts: Counts, room: Room, otherBytes: number): Room {
  const sorts = ["section", "block", "tile", "row"] as const;
  const spare = (per: (typeof sorts)[number]) => Math.max(0, room[per] - counts[per]);
  const used = sorts.reduce((sum, per) => sum + counts[per] * bytesPer(per), otherBytes);
  const wanted = sorts.reduce((sum, per) => sum + spare(per) * bytesPer(per), 0);
  const share = (STATE_BYTES_MAX - used) / wanted;
  if (!(share < 1)) return room;
  const cut = (per: (typeof sorts)[number]) => room[per] - Math.ceil(spare(per) * (1 - share));
  return { section: cut("section"), block: cut("block"), tile: cut("tile"), row: cut("row") };
}
