import { SECTIONS_PER_BLOCK } from "./constants.ts";

/**
 * How many sections live in the blocks of one hexagon, and which of them has a free place, in a time that does not grow
 * with the number of blocks. It follows from `blockSections`, and is told of every change to it.
 */
export class FreePlaces {
  #sections = 0;
  /** For each block, by its place in the hexagon: itself while it has a free place, else one that comes after it. */
  readonly #next: number[] = [];

  get sections(): number {
    return this.#sections;
  }

  get free(): number {
    return this.#next.length * SECTIONS_PER_BLOCK - this.#sections;
  }

  /** The hexagon has one more block, which holds so many sections. */
  addBlock(sections: number): void {
    const at = this.#next.length;
    this.#next.push(sections < SECTIONS_PER_BLOCK ? at : at + 1);
    this.#sections += sections;
  }

  /** The first block with a free place from the `start`th on, and round; there must be one. */
  firstFree(start: number): number {
    const at = this.#follow(start);
    return at < this.#next.length ? at : this.#follow(0);
  }

  /** The `at`th block got one section, and holds so many now. */
  take(at: number, sections: number): void {
    this.#sections += 1;
    if (sections >= SECTIONS_PER_BLOCK) this.#next[at] = at + 1;
  }

  /** Shortens the way behind it, so that many steps over full blocks are taken once only. */
  #follow(start: number): number {
    const next = this.#next;
    let at = start;
    while (at < next.length && next[at] !== at) {
      const further = next[at]!;
      next[at] = next[further] ?? further;
      at = further;
    }
    return at;
  }
}
