import { allocateSources } from "../../network/add-sections.ts";
import type { NetworkModel, Hexagon } from "../../network/network-model.ts";
import { NEURONS_PER_BLOCK } from "../../network/constants.ts";
import type { Scratch } from "./scratch.ts";

/** Allocates sections for the hexagon's neurons (or values) that are positive for the first time. */
export function allocate(model: NetworkModel, scratch: Scratch, hexagon: Hexagon): void {
  allocateSources(model, hexagon, (id) =>
    wasPositive(scratch, Math.floor(id / NEURONS_PER_BLOCK), id % NEURONS_PER_BLOCK),
  );
}

function wasPositive(scratch: Scratch, block: number, n: number): boolean {
  for (let q = 0; q < scratch.samples; q++) if (scratch.value[scratch.at(block, q) + n]! > 0) return true;
  return false;
}
