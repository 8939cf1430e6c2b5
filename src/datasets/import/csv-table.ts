import { cellNumber, changeOfCell, isEmptyCell } from "./csv-cell.ts";
import { numberedNames, readNames } from "./csv-header.ts";
import type { PlainRows } from "./csv-plain-rows.ts";
import { MAX_CSV_COLUMNS, type CsvRow } from "./csv-reader.ts";
import { ImportError } from "./import-job.ts";
import { excerpt, type ImportWarnings } from "./import-warnings.ts";

/** Values per block: 256 KiB. */
const VALUES_PER_BLOCK = 65_536;

interface Options {
  /** Undefined: derived from the first row. */
  hasHeader: boolean | undefined;
  /** Refuses values that a 32-bit float changes. */
  isExact: boolean;
}

/** Rows of one kind: their number, and the line of the first. */
interface Seen {
  count: number;
  line: number;
}

/**
 * Converts rows of cells to rows of numbers, and reports to `warnings` what it skips or changes. Throws ImportError
 * that names row and column (both from 1, not counting the header) and the line of the file.
 *
 * A row of only delimiters counts as missing values when another row follows, and is skipped at the end, where
 * spreadsheets write many. An empty line is a missing value in a table of one column, and is skipped otherwise.
 */
export class CsvTable {
  names: string[] | undefined;
  /** For each column: 1 when the first whole number that a 32-bit float changes has been reported. */
  readonly knowsRounded = new Uint8Array(MAX_CSV_COLUMNS);
  readonly #warnings: ImportWarnings;
  readonly #options: Options;
  #rows = 0;
  #values = new Float32Array(VALUES_PER_BLOCK);
  #count = 0;
  /** What precedes `#values`: blocks of values, and numbers of rows of 0. */
  #blocks: (Float32Array | number)[] = [];
  readonly #emptyLines: Seen = { count: 0, line: 0 };
  readonly #emptyRows: Seen = { count: 0, line: 0 };
  /** Rows of only delimiters since the last other row, and the error of the first one with a wrong number of cells. */
  #waiting: Seen = { count: 0, line: 0 };
  #waitingFault: ImportError | undefined;

  constructor(warnings: ImportWarnings, options: Options) {
    this.#warnings = warnings;
    this.#options = options;
  }

  take(row: CsvRow): void {
    const { cells, line } = row;
    const isEmptyLine = cells.length === 1 && cells[0] === "";
    if (this.names === undefined) {
      if (isEmptyLine) {
        see(this.#emptyLines, line);
        return;
      }
      if (this.#options.hasHeader !== false) {
        this.names = readNames(row, this.#warnings, this.#options.hasHeader === true);
        return;
      }
      this.names = numberedNames(cells.length);
      if (cells.length === 1) this.#takeEmptyLines();
    }
    if (this.names.length === 1) this.#takeRow(row, this.names);
    else if (isEmptyLine) see(this.#emptyLines, line);
    else if (cells.every((cell) => cell === "")) {
      this.#waitingFault ??= this.#wrongCount(row, this.names);
      see(this.#waiting, line);
    } else {
      if (this.#waiting.count > 0) this.#takeWaiting(this.names);
      this.#takeRow(row, this.names);
    }
  }

  /** Reports skipped and missing rows, after all rows are read. */
  finish(): void {
    const row = "row of nothing but delimiters";
    const rows = "rows of nothing but delimiters";
    this.#say(this.#waiting, [`${row} at the end is left out`, `${rows} at the end are left out`]);
    this.#say(this.#emptyRows, [
      `${row} between others counts as missing values`,
      `${rows} between others count as missing values`,
    ]);
    this.#say(this.#emptyLines, ["empty line is left out", "empty lines are left out"]);
  }

  #say({ count, line }: Seen, [one, many]: [string, string]): void {
    if (count > 0) this.#warnings.add(`${count} ${count === 1 ? one : many}; the first is line ${line}`);
  }

  /** The values of all whole rows since the last call, valid until more rows are taken. */
  *drain(): Generator<Float32Array> {
    const columns = this.names?.length ?? 0;
    for (const block of this.#blocks) {
      if (typeof block !== "number") yield block;
      else {
        const rowsPerBlock = Math.max(1, Math.floor(VALUES_PER_BLOCK / columns));
        for (let done = 0; done < block; done += rowsPerBlock) {
          yield new Float32Array(Math.min(rowsPerBlock, block - done) * columns);
        }
      }
    }
    this.#blocks = [];
    if (this.#count > 0) yield this.#values.subarray(0, this.#count);
    this.#count = 0;
  }

  #takeRow(row: CsvRow, names: string[]): void {
    const { cells } = row;
    const fault = this.#wrongCount(row, names);
    if (fault !== undefined) throw fault;
    this.#rows++;
    this.#reserve(cells.length);
    for (let column = 0; column < cells.length; column++) {
      this.#values[this.#count++] = this.#cellValue((cells[column] as string).trim(), column, row.line);
    }
  }

  /** Takes rows that `plain` has read from `bytes`; `line` is that of the first one. */
  takePlain(plain: PlainRows, bytes: Buffer, line: number): void {
    const { values, texts, textCount, rowCount } = plain;
    if (rowCount === 0) return;
    const names = this.names as string[];
    if (this.#waiting.count > 0) this.#takeWaiting(names);
    const rowsBefore = this.#rows;
    for (let text = 0; text < 3 * textCount; text += 3) {
      const index = texts[text] as number;
      const row = Math.floor(index / names.length);
      this.#rows = rowsBefore + row + 1;
      const cell = bytes.toString("latin1", texts[text + 1], texts[text + 2]).trim();
      values[index] = this.#cellValue(cell, index - row * names.length, line + row);
    }
    this.#countRounded(plain, names);
    this.#rows = rowsBefore + rowCount;
    const count = rowCount * names.length;
    this.#reserve(count);
    this.#values.set(values.subarray(0, count), this.#count);
    this.#count += count;
  }

  #countRounded({ rounded, roundedCount }: PlainRows, names: string[]): void {
    if (roundedCount === 0) return;
    const counts = new Uint32Array(names.length);
    for (let i = 0; i < roundedCount; i++) counts[(rounded[i] as number) % names.length]!++;
    for (const [column, count] of counts.entries()) {
      if (count > 0) this.#warnings.count("rounded", names[column] as string, { row: this.#rows, count });
    }
  }

  /** The value of a cell of the last row. */
  #cellValue(text: string, column: number, line: number): number {
    const value = cellNumber(text);
    if (value === undefined) throw this.#refusal(line, column, `'${excerpt(text)}' is not a number`);
    const narrowed = Math.fround(value);
    if (!Number.isFinite(narrowed)) {
      throw this.#refusal(line, column, `'${excerpt(text)}' is too big for a 32-bit float`);
    }
    if (value === 0 && isEmptyCell(text)) {
      this.#warnings.count("missing", this.names?.[column] as string, { row: this.#rows });
    } else if (narrowed !== value || value === 0 || Math.abs(value) >= 2 ** 53) {
      this.#noteChange(line, column, { text, value, narrowed });
    }
    return narrowed;
  }

  #noteChange(line: number, column: number, cell: { text: string; value: number; narrowed: number }): void {
    const { text, value, narrowed } = cell;
    const change = changeOfCell(text, value, narrowed);
    if (change === undefined) return;
    if (this.#options.isExact) {
      throw this.#refusal(line, column, `${excerpt(text)} becomes ${narrowed} as a 32-bit float`);
    }
    if (change === "rounded") this.knowsRounded[column] = 1;
    const name = this.names?.[column] as string;
    this.#warnings.count(change, name, { row: this.#rows, value: text, became: narrowed });
  }

  /** Counts empty lines before the first row as missing values, because the file has one column. */
  #takeEmptyLines(): void {
    this.#waiting = { ...this.#emptyLines };
    this.#emptyLines.count = 0;
    if (this.#waiting.count > 0) this.#addMissingRows(this.names as string[]);
  }

  #takeWaiting(names: string[]): void {
    if (this.#waitingFault !== undefined) throw this.#waitingFault;
    if (this.#emptyRows.count === 0) this.#emptyRows.line = this.#waiting.line;
    this.#emptyRows.count += this.#waiting.count;
    this.#addMissingRows(names);
  }

  /** Adds rows of 0 for the waiting rows. */
  #addMissingRows(names: string[]): void {
    const { count } = this.#waiting;
    for (const name of names) this.#warnings.count("missing", name, { row: this.#rows + 1, count });
    const values = count * names.length;
    if (values <= VALUES_PER_BLOCK) {
      this.#reserve(values);
      this.#values.fill(0, this.#count, this.#count + values);
      this.#count += values;
    } else {
      this.#blocks.push(this.#values.slice(0, this.#count), count);
      this.#count = 0;
    }
    this.#rows += count;
    this.#waiting = { count: 0, line: 0 };
  }

  #wrongCount({ cells, line }: CsvRow, names: string[]): ImportError | undefined {
    if (cells.length === names.length) return undefined;
    const column = Math.min(cells.length, names.length) + 1;
    const what =
      cells.length < names.length ? `column '${names[column - 1]}' is missing` : `column ${column} has no name`;
    return new ImportError(
      `row ${this.#rows + this.#waiting.count + 1} (line ${line}): ${what}: ` +
        `${cells.length} cells under a header of ${names.length}`,
    );
  }

  #refusal(line: number, column: number, what: string): ImportError {
    return new ImportError(`row ${this.#rows} (line ${line}), column '${this.names?.[column]}': ${what}`);
  }

  #reserve(more: number): void {
    if (this.#count + more <= this.#values.length) return;
    const bigger = new Float32Array(2 * (this.#count + more));
    bigger.set(this.#values);
    this.#values = bigger;
  }
}

function see(seen: Seen, line: number): void {
  if (seen.count === 0) seen.line = line;
  seen.count++;
}
