import type { NetworkModel } from "./network-model.ts";
import { FreePlaces } from "./free-places.ts";
import { NEURONS_PER_BLOCK, NONE, SECTIONS_PER_BLOCK } from "./constants.ts";
import { ARRAY_NAMES, HEADER, LAYOUT } from "./layout.ts";
import { count } from "./state.ts";

/**
 * Removes sections from the state and closes the gaps. The others keep their order and get new indices; a source that
 * is left without sections may grow again. Returns the number of removed sections.
 */
export function removeSections({ state, hexagons }: NetworkModel, isGone: (section: number) => boolean): number {
  const { arrays } = state;
  const before = count(state, "section");
  const kept: number[] = [];
  for (let s = 0; s < before; s++) if (!isGone(s)) kept.push(s);
  if (kept.length === before) return 0;
  for (const name of ARRAY_NAMES) {
    const { per, width } = LAYOUT[name];
    if (per !== "section") continue;
    const array = arrays[name];
    kept.forEach((from, to) => array.copyWithin(to * width, from * width, (from + 1) * width));
    // Items that are appended later must start zeroed.
    array.fill(0, kept.length * width, before * width);
  }
  arrays.header[HEADER.section] = kept.length;

  const { blockSections, places, sectionHead, next, source, target } = arrays;
  const blocks = count(state, "block");
  blockSections.fill(0, 0, blocks);
  places.fill(0, 0, blocks * SECTIONS_PER_BLOCK);
  sectionHead.fill(NONE, 0, blocks * NEURONS_PER_BLOCK);
  for (let s = 0; s < kept.length; s++) {
    const block = target[s]!;
    places[block * SECTIONS_PER_BLOCK + blockSections[block]!] = s;
    blockSections[block]! += 1;
    next[s] = sectionHead[source[s]!]!;
    sectionHead[source[s]!] = s;
  }
  for (const hexagon of hexagons) {
    hexagon.places = new FreePlaces();
    for (const block of hexagon.blocks) hexagon.places.addBlock(blockSections[block]!);
  }
  return before - kept.length;
}
