import { TableError, type CsvHead } from "hanami-sdk";
import { CsvBytes } from "./csv-bytes.ts";
import { tableLines } from "./table-lines.ts";

const COMMA_NUMBER = /^[+-]?\d+,\d+$/;

/** The rows of a CSV file, one by one. */
export class RowSource {
  readonly #head: CsvHead;
  readonly #bytes: CsvBytes;
  /** Bytes of the rows that were given so far, unpacked. */
  #given = 0;

  constructor(path: string, head: CsvHead) {
    this.#head = head;
    this.#bytes = new CsvBytes(path, head.dialect);
  }

  /** About how many bytes of the file the rows are that were given so far. */
  get bytesDone(): number {
    return Math.min(this.#given, this.#bytes.bytesRead);
  }

  /** The rows, in order, by column. Throws TableError for a row with another number of cells. */
  async *rows(): AsyncGenerator<Record<string, unknown>> {
    const { names, dialect } = this.#head;
    if (new Set(names).size < names.length) throw new TableError("Two columns of the file have the same name.");
    let row = 0;
    for await (const { kind, cells, text, end } of tableLines(this.#bytes, dialect)) {
      this.#given += this.#bytes.bytesOf(text + end).length;
      if (kind !== "row") continue;
      row++;
      if (cells.length !== names.length) {
        throw new TableError(`Row ${row} has ${cells.length} cells, but there are ${names.length} columns.`);
      }
      const entries = names.map((name, at) => {
        const cell = this.#bytes.toText(cells[at] as string);
        return [name, dialect.decimal === "," && COMMA_NUMBER.test(cell) ? cell.replace(",", ".") : cell] as const;
      });
      yield Object.fromEntries(entries);
    }
  }
}
