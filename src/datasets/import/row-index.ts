import { excerpt, type ImportWarnings } from "./import-warnings.ts";

/** Names of columns that number the rows. */
const NAMES = /^(?:index|id|nr|no|#|rows?|row_?(?:id|index|names?|numbers?)|unnamed: ?\d+|column_0_*)$/i;

/** Finds columns that count the rows from 0 or 1, under a name that says so. */
export class RowIndex {
  readonly #names: readonly string[];
  /** Columns that may count the rows, with their first value. */
  readonly #counting = new Map<number, number>();
  #rows = 0;

  constructor(columns: readonly { name: string; isNumber: boolean }[]) {
    this.#names = columns.map(({ name }) => name);
    for (const [column, { name, isNumber }] of columns.entries()) {
      // Codes of categories count, too, where every text is another.
      if (isNumber && NAMES.test(name)) this.#counting.set(column, Number.NaN);
    }
  }

  /** Sees the next rows: `[rows × columns]`. */
  see(values: Float32Array): void {
    const columns = this.#names.length;
    const count = values.length / columns;
    for (const column of this.#counting.keys()) {
      if (this.#rows === 0) this.#counting.set(column, values[column] as number);
      const first = this.#counting.get(column) as number;
      let isCounting = first === 0 || first === 1;
      for (let row = 0; row < count && isCounting; row++) {
        isCounting = values[row * columns + column] === Math.fround(first + this.#rows + row);
      }
      if (!isCounting) this.#counting.delete(column);
    }
    this.#rows += count;
  }

  warn(warnings: ImportWarnings): void {
    // A few rows count by chance.
    if (this.#rows < 3) return;
    for (const [column, first] of this.#counting) {
      const name = excerpt(this.#names[column] as string);
      warnings.add(`column '${name}' counts the rows from ${first}: leave it out (drop), if it means nothing`);
    }
  }
}
