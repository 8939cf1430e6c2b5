/** The phases of a step and their items. */
import { CHUNK, HEXAGON_COUNT, HEXAGON_ROLE, NEURON_BLOCK_COUNT, ROLE_INPUT, ROLE_OUTPUT, SAMPLES } from "../slots.ts";
import { beginTile, finishTile } from "./backward.ts";
import { columns } from "./columns.ts";
import { forward, remembers, spike } from "./forward.ts";
import { learnTile } from "./gradient.ts";
import { growBlock, growNew } from "./grow.ts";
import { hexagonAt, slot } from "./memory.ts";
import { error, output } from "./output.ts";
import { scoreRows } from "./score.ts";
import { learnSources } from "./sources.ts";
import { unpack } from "./unpack.ts";
import { updateBiases } from "./update-biases.ts";
import { updateReadoutTile } from "./update-readout.ts";

/** Items: CHUNK samples each. */
export const UNPACK: u32 = 0;
export const FORWARD: u32 = 1;
export const OUTPUT: u32 = 2;
/** Unpack, forward pass of all hexagons and output of a request. */
export const REQUEST: u32 = 3;
/** Items: blocks of a hexagon. */
export const SPIKE: u32 = 4;
export const GROW: u32 = 5;
export const GROW_NEW: u32 = 6;
/** Items: tiles of all neuron blocks, then all blocks. */
export const BACKWARD: u32 = 7;
/** Items: tiles of a hexagon. */
export const FINISH: u32 = 8;
/** Items: groups of neurons that feed a hexagon. */
export const SOURCES: u32 = 9;
/** Items: tiles of all neuron blocks, then the tiles of the readout. */
export const GRADIENT: u32 = 10;
/** Items: biases of some neuron blocks. */
export const UPDATE: u32 = 11;
/** Rows of the call, after its last step. */
export const SCORE: u32 = 12;

/** Number of items for `count` samples. */
export function chunksOf(count: u32): u32 {
  return (count + slot(CHUNK) - 1) / slot(CHUNK);
}

/** Runs one item of a phase. */
export function run(phase: u32, hexagon: u32, item: u32, thread: u32): void {
  const from = item * slot(CHUNK);
  const end = min<u32>(from + slot(CHUNK), slot(SAMPLES));
  switch (phase) {
    case UNPACK:
      return unpack(from, end);
    case FORWARD:
      forward(hexagon, from, end, thread, true);
      if (showsOutputs(hexagon)) showOutputs(from, end);
      return;
    case OUTPUT:
      return showOutputs(from, end);
    case REQUEST:
      return request(from, end, thread);
    case SPIKE:
      return spike(hexagon, item);
    case GROW:
      return growBlock(hexagon, item);
    case GROW_NEW:
      return growNew(hexagon, item);
    case BACKWARD: {
      const tiles = slot(NEURON_BLOCK_COUNT) * 4;
      if (item < tiles) return beginTile(item);
      return columns(item - tiles);
    }
    case FINISH:
      return finishTile(hexagon, item);
    case SOURCES:
      return learnSources(hexagon, item, thread);
    case GRADIENT: {
      const tiles = slot(NEURON_BLOCK_COUNT) * 4;
      if (item < tiles) return learnTile(item, thread);
      return updateReadoutTile(item - tiles, thread);
    }
    case UPDATE:
      return updateBiases(item);
    case SCORE:
      return scoreRows(item);
  }
}

/** True when this hexagon's values complete all outputs: it is the last one, and nothing grows from it. */
export function showsOutputs(hexagon: u32): bool {
  return hexagon + 1 == slot(HEXAGON_COUNT) && load<u32>(hexagonAt(hexagon), HEXAGON_ROLE) == ROLE_OUTPUT;
}

function showOutputs(from: u32, end: u32): void {
  output(from, end);
  error(from, end);
}

/** Neurons with a memory need their samples in order, so their requests have one sample at a time. */
function request(from: u32, end: u32, thread: u32): void {
  unpack(from, end);
  const hexagons = slot(HEXAGON_COUNT);
  for (let hexagon: u32 = 0; hexagon < hexagons; hexagon++) {
    const record = hexagonAt(hexagon);
    if (load<u32>(record, HEXAGON_ROLE) == ROLE_INPUT) continue;
    forward(hexagon, from, end, thread, false);
    if (remembers(hexagon)) for (let j: u32 = 0; j < load<u32>(record, 12); j++) spike(hexagon, j);
  }
  output(from, end);
}
