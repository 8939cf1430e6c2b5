/**
 * Plain inputs are coded by ramps that start at 0, so values that differ little and lie far from 0 look alike. Such a
 * value is given to the network less an offset. It is one of each column: windows of rows repeat the offsets.
 */

/** Columns of an input with offsets: they are stored as text. */
export const OFFSETS_MAX = 100_000;

/**
 * Room that an offset leaves below the least value, for later rows, in widths of the range. A sine of x in 0..1, given
 * as x + 1000, is learnt to 0.0016 without room, 0.0039 with a quarter, 0.006 with a half, 0.019 with a whole range;
 * and to 0.0028 when given as x.
 */
const ROOM = 1 / 4;

/** Finds the offsets of an input's columns from all rows, block by block. */
export class OffsetFit {
  readonly #width: number;
  readonly #least: Float32Array;
  readonly #largest: Float32Array;
  /** The columns that may need an offset, by the rows so far. */
  #open: Uint32Array;

  constructor(width: number) {
    this.#width = width;
    this.#least = new Float32Array(width).fill(Infinity);
    this.#largest = new Float32Array(width);
    this.#open = width > OFFSETS_MAX ? new Uint32Array() : Uint32Array.from({ length: width }, (_, column) => column);
  }

  /** Whether no column needs an offset, whatever the other rows are. */
  get isOver(): boolean {
    return this.#open.length === 0;
  }

  /** Takes the next rows, `[rows × width]`. */
  add(values: Float32Array | Uint8Array): void {
    const [least, largest, open] = [this.#least, this.#largest, this.#open];
    for (let row = 0; row < values.length; row += this.#width) {
      for (let each = 0; each < open.length; each++) {
        const column = open[each]!;
        const value = values[row + column]!;
        if (value < least[column]!) least[column] = value;
        // NaN counts as infinite.
        if (!(value <= largest[column]!)) largest[column] = value < Infinity ? value : Infinity;
      }
    }
    // 0 and negative values are silent, so they are told from all others anyway.
    this.#open = open.filter((column) => least[column]! > 0 && largest[column]! < 2 * least[column]!);
  }

  /** The offset of each column; 0 for those that need none, and for constants. Undefined when none needs one. */
  offsets(): number[] | undefined {
    const offsets = Array.from({ length: this.#width }, () => 0);
    for (const column of this.#open) {
      const [least, largest] = [this.#least[column]!, this.#largest[column]!];
      if (largest > least) offsets[column] = least - ROOM * (largest - least);
    }
    return offsets.some((offset) => offset > 0) ? offsets : undefined;
  }
}

/** Subtracts the offsets from values in place: from rows of `width` values, which may be windows of rows. */
export function subtractOffsets(values: Float32Array, width: number, offsets: readonly number[]): void {
  for (let row = 0; row < values.length; row += width)
    for (let k = 0, column = 0; k < width; k++) {
      values[row + k]! -= offsets[column]!;
      if (++column === offsets.length) column = 0;
    }
}
