import { pcg } from "../network/random.ts";

/**
 * Draws rows of a table of unknown length, each with the same chance and from the same seed each time. Evenly spaced
 * rows would see only some hours of a table with a row for each. Skips from one drawn row to the next (algorithm L of
 * Li, 1994), so that rows that are not drawn cost nothing.
 */
export class RowSample {
  readonly #size: number;
  #randoms = 0;
  #seen = 0;
  /** The next row that is drawn, from the start of the table. */
  #next = 0;
  #weight = 1;

  constructor(size: number) {
    this.#size = size;
  }

  /**
   * Goes on by `count` rows. Returns pairs: a drawn row, counted from the first of these, and its slot in the sample.
   */
  draw(count: number): number[] {
    const drawn: number[] = [];
    const end = this.#seen + count;
    while (this.#next < end) {
      const slot = this.#next < this.#size ? this.#next : Math.floor(this.#random() * this.#size);
      drawn.push(this.#next - this.#seen, slot);
      this.#next += this.#next + 1 < this.#size ? 1 : this.#skip();
    }
    this.#seen = end;
    return drawn;
  }

  #skip(): number {
    this.#weight *= Math.exp(Math.log(this.#random()) / this.#size);
    return Math.floor(Math.log(this.#random()) / Math.log1p(-this.#weight)) + 1;
  }

  /** From 0 to 1, both exclusive. */
  #random(): number {
    return (pcg(this.#randoms++) + 0.5) / 2 ** 32;
  }
}
