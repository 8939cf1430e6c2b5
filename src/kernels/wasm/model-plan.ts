import type { NetworkModel, Hexagon } from "../../network/network-model.ts";
import { ARRAY_NAMES } from "../../network/layout.ts";
import { count, type Memory } from "../../network/state.ts";
import * as slots from "./slots.ts";

const ROLES = { input: slots.ROLE_INPUT, hidden: slots.ROLE_HIDDEN, output: slots.ROLE_OUTPUT };

/** The slot of each state array that the kernels read; that of `weightMoment` is AT_WEIGHT_MOMENT. */
const STATE_SLOTS = ARRAY_NAMES.flatMap((name) => {
  const word = `AT_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
  const slot = (slots as Record<string, number>)[word];
  return slot === undefined ? [] : [{ name, slot }];
});

/**
 * Data that the kernels need in addition to a network's state: the hot records of its sections and the lists of its
 * hexagons.
 */
export class ModelPlan {
  readonly #model: NetworkModel;
  readonly #memory: Memory;
  #hot: Uint8Array;
  #lists: Uint8Array;
  /** Address of the weights and number of sections when the hot records were last written. */
  #weights = -1;
  #sections = 0;
  #blocks = -1;
  /** Number of blocks in hidden and output hexagons. */
  #neuronBlocks = 0;
  #ranks = 0;
  readonly #links: Links[];

  constructor(model: NetworkModel, memory: Memory) {
    this.#model = model;
    this.#memory = memory;
    this.#links = linksOf(model.hexagons);
    this.#hot = memory.allocate(0);
    this.#lists = memory.allocate(0);
  }

  /** Writes all addresses and counts to the table. Returns the first section whose hot record must be written. */
  publish(table: Uint32Array): number {
    const { state } = this.#model;
    for (const { name, slot } of STATE_SLOTS) table[slot] = state.arrays[name].byteOffset;
    if (this.#blocks !== count(state, "block")) this.#writeLists();
    this.#announceLists(table);

    const needed = state.capacity.section * slots.HOT_BYTES;
    const isMoved = this.#hot.byteLength < needed || this.#weights !== state.arrays.weight.byteOffset;
    if (this.#hot.byteLength < needed) {
      const larger = this.#memory.allocate(needed);
      this.#memory.release(this.#hot);
      this.#hot = larger;
    }
    table[slots.AT_HOT] = this.#hot.byteOffset;
    this.#weights = state.arrays.weight.byteOffset;
    const first = isMoved ? 0 : this.#sections;
    this.#sections = count(state, "section");
    return first;
  }

  release(): void {
    this.#memory.release(this.#hot);
    this.#memory.release(this.#lists);
  }

  /** Writes the [hexagon] records, then the neuron blocks, then all lists that the records point to, then the ranks. */
  #writeLists(): void {
    const { hexagons, state } = this.#model;
    const lists = hexagons.map(({ blocks }, index) => ({ blocks, ...this.#links[index]! }));
    const neuronBlocks = hexagons.flatMap(({ role, blocks }) => (role === "input" ? [] : blocks));
    this.#neuronBlocks = neuronBlocks.length;
    const listed = lists.reduce(
      (sum, { blocks, sources, backs }) => sum + blocks.length + sources.length + backs.length,
      0,
    );
    const recordWords = (hexagons.length * slots.HEXAGON_BYTES) / 4;
    const bytes = (recordWords + neuronBlocks.length + listed + count(state, "block")) * 4;
    if (this.#lists.byteLength < bytes) {
      const larger = this.#memory.allocate(bytes * 2);
      this.#memory.release(this.#lists);
      this.#lists = larger;
    }
    const words = new Uint32Array(this.#lists.buffer, this.#lists.byteOffset, this.#lists.byteLength / 4);
    words.set(neuronBlocks, recordWords);
    let free = recordWords + neuronBlocks.length;
    const place = (list: number[]) => {
      words.set(list, free);
      const address = this.#lists.byteOffset + free * 4;
      free += list.length;
      return address;
    };
    lists.forEach(({ blocks, sources, backs, targets }, index) => {
      const { role, feeds: kind } = hexagons[index]!;
      const set = (offset: number, value: number) => (words[(index * slots.HEXAGON_BYTES + offset) / 4] = value);
      set(slots.HEXAGON_ROLE, ROLES[role]);
      set(slots.HEXAGON_KIND, kind.match ? slots.KIND_MATCH : kind.fromInput ? slots.KIND_INPUT : slots.KIND_NEURON);
      set(slots.HEXAGON_BLOCKS, place(blocks));
      set(slots.HEXAGON_BLOCK_COUNT, blocks.length);
      set(slots.HEXAGON_SOURCES, place(sources));
      set(slots.HEXAGON_SOURCE_COUNT, sources.length);
      set(slots.HEXAGON_BACKS, place(backs));
      set(slots.HEXAGON_BACK_COUNT, backs.length);
      set(slots.HEXAGON_TARGET_COUNT, targets);
    });
    this.#ranks = place(this.#ranksOfBlocks());
    this.#blocks = count(state, "block");
  }

  #ranksOfBlocks(): number[] {
    const { hexagons, state } = this.#model;
    let rank = 0;
    return Array.from({ length: count(state, "block") }, (_, block) =>
      hexagons[state.arrays.blockHexagon[block]!]!.role === "input" ? 0 : ++rank,
    );
  }

  #announceLists(table: Uint32Array): void {
    const { hexagons } = this.#model;
    table[slots.AT_HEXAGONS] = this.#lists.byteOffset;
    table[slots.HEXAGON_COUNT] = hexagons.length;
    table[slots.AT_NEURON_BLOCKS] = this.#lists.byteOffset + hexagons.length * slots.HEXAGON_BYTES;
    table[slots.NEURON_BLOCK_COUNT] = this.#neuronBlocks;
    table[slots.AT_RANKS] = this.#ranks;
  }
}

/**
 * The hexagons that feed one hexagon, ascending: `sources` come before it in the list, `backs` do not. `targets` counts
 * the hexagons that it feeds.
 */
interface Links {
  sources: number[];
  backs: number[];
  targets: number;
}

function linksOf(hexagons: readonly Hexagon[]): Links[] {
  const links = hexagons.map(({ targets }): Links => ({ sources: [], backs: [], targets: new Set(targets).size }));
  for (const { index, targets } of hexagons)
    for (const target of new Set(targets)) links[target]![index < target ? "sources" : "backs"].push(index);
  return links;
}
