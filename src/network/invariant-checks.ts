/** The longer checks of invariants.ts, and the subject that all checks take. */
import { INPUT_MAX, NEURONS_PER_BLOCK, NONE } from "./constants.ts";
import { HEADER, type Arrays } from "./layout.ts";
import { INPUT_SECTION, MATCH_SECTION, NEURON_SECTION, type SectionKind } from "./section-kind.ts";
import { count, type State } from "./state.ts";
import { targetWalks } from "./targets.ts";
import type { Template } from "./template/parse-template.ts";

/** A state, with derived values that several checks need. */
export interface Subject {
  readonly template: Template;
  readonly state: State;
  readonly arrays: Arrays;
  readonly blocks: number;
  readonly sections: number;
  readonly tiles: number;
  readonly outputs: number;
  /** [hexagon]: the kind of the sections that it feeds. */
  readonly kinds: readonly SectionKind[];
  /** The hexagons that a hexagon's sections may end in; computed on demand and cached. */
  readonly leadsTo: (hexagon: number) => ReadonlySet<number>;
}

export function subjectOf(template: Template, state: State): Subject {
  const kinds: SectionKind[] = template.hexagons.map(() => NEURON_SECTION);
  for (const { hexagon, kind } of template.inputs) kinds[hexagon] = kind === "match" ? MATCH_SECTION : INPUT_SECTION;
  const walks = targetWalks(template, state.arrays.header[HEADER.seed]!);
  const known = new Map<number, ReadonlySet<number>>();
  const leadsTo = (hexagon: number) => {
    let targets = known.get(hexagon);
    if (targets === undefined) known.set(hexagon, (targets = new Set(walks(hexagon))));
    return targets;
  };
  const [blocks, sections] = [count(state, "block"), count(state, "section")];
  const [tiles, outputs] = [count(state, "tile"), count(state, "output")];
  return { template, state, arrays: state.arrays, blocks, sections, tiles, outputs, kinds, leadsTo };
}

/** Whether the ramps of every section ascend and none is too narrow. */
export function rampsAscend({ arrays, sections, kinds }: Subject): boolean {
  const { ramps, ends, source, blockHexagon } = arrays;
  for (let s = 0; s < sections; s++) {
    const kind = kinds[blockHexagon[Math.floor(source[s]! / NEURONS_PER_BLOCK)]!]!;
    let start = 0;
    for (let r = 0; r < ramps[s]!; r++) {
      const end = ends[s * 4 + r]!;
      // Growth never makes ramps fed by neurons narrower than `rampEndMin`, and match values are distinct.
      // The reciprocal distinguishes -0 from 0: dividing by -0 would give a negative rise.
      if (
        !(end - start >= kind.rampEndMin && 1 / (end - start) > 0 && end <= INPUT_MAX) ||
        (kind.match && end === start)
      )
        return false;
      start = end;
    }
  }
  return true;
}

/** How many sections are linked to, by a list head or by another section, and whether one is linked to twice. */
export function met(
  { sectionHead, next }: Arrays,
  blocks: number,
  sections: number,
): { sections: number; isTwice: boolean } {
  const times = new Uint8Array(sections);
  let found = 0;
  let isTwice = false;
  const meet = (section: number) => {
    if (section === NONE) return;
    if (times[section] === 0) found += 1;
    else isTwice = true;
    times[section] = 1;
  };
  for (let id = 0; id < blocks * NEURONS_PER_BLOCK; id++) meet(sectionHead[id]!);
  for (let s = 0; s < sections; s++) meet(next[s]!);
  return { sections: found, isTwice };
}

/** Whether no block has two rows for one output neuron. Linear, because the tiles are sorted by block first. */
export function isReadOnce(arrays: Arrays, counts: { tiles: number; blocks: number; outputs: number }): boolean {
  const { tileBlock, tileOutput, tileOutputCount } = arrays;
  const { tiles, blocks, outputs } = counts;
  const ends = new Uint32Array(blocks + 1);
  for (let tile = 0; tile < tiles; tile++) ends[tileBlock[tile]! + 1]! += 1;
  for (let block = 0; block < blocks; block++) ends[block + 1]! += ends[block]!;
  const sorted = new Uint32Array(tiles);
  for (let tile = 0; tile < tiles; tile++) sorted[ends[tileBlock[tile]!]!++] = tile;
  /** [output neuron]: the last block with a row for it, counted from 1. */
  const lastBlock = new Uint32Array(outputs);
  for (const tile of sorted) {
    const mark = tileBlock[tile]! + 1;
    const end = tileOutput[tile]! + tileOutputCount[tile]!;
    for (let k = tileOutput[tile]!; k < end; k++) {
      if (lastBlock[k] === mark) return false;
      lastBlock[k] = mark;
    }
  }
  return true;
}
