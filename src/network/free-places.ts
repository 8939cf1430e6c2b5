import { SECTIONS_PER_BLOCK } from "./constants.ts";

/**
 * Counts the sections in the blocks of one hexagon and finds a block with a free place, in a time that does not grow
 * with the number of blocks. Derived from `blockSections`; every change to that must be reported here.
 */
export class FreePlaces {
  #sections = 0;
  /** Per block, by its position in the hexagon: the block itself while it has a free place, otherwise a later one. */
  readonly #next: number[] = [];

  get sections(): number {
    return this.#sections;
  }

  get free(): number {
    return this.#next.length * SECTIONS_PER_BLOCK - this.#sections;
  }

  /** Adds a block that holds `sections` sections. */
  addBlock(sections: number): void {
    const at = this.#next.length;
    this.#next.push(sections < SECTIONS_PER_BLOCK ? at : at + 1);
    this.#sections += sections;
  }

  /** The position of the first block with a free place, from the `start`th on, wrapping around. One must exist. */
  firstFree(start: number): number {
    const at = this.#follow(start);
    return at < this.#next.length ? at : this.#follow(0);
  }

  /** Records that the `at`th block got one more section and now holds `sections`. */
  take(at: number, sections: number): void {
    this.#sections += 1;
    if (sections >= SECTIONS_PER_BLOCK) this.#next[at] = at + 1;
  }

  /** Compresses the path as it follows it, so that long paths over full blocks are walked only once. */
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
