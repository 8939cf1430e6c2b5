import type { ColumnKind } from "../../encoders/cells.ts";
import type { ColumnReading } from "../column-statistics.ts";
import { missingMarks } from "../missing-marks.ts";
import { plainNumber, type DecimalMark } from "./csv-cell.ts";
import { CsvColumn, type ColumnGuess } from "./csv-column.ts";
import { checkNamed, nameCells, numberedNames, readNames } from "./csv-header.ts";
import type { PlainRows } from "./csv-plain-rows.ts";
import { MAX_CSV_COLUMNS, type CsvRow } from "./csv-reader.ts";
import { textRoom } from "./dictionary.ts";
import { ImportError } from "./import-job.ts";
import type { ImportWarnings } from "./import-warnings.ts";

/** Values per block: 256 KiB. */
const VALUES_PER_BLOCK = 65_536;

export interface TableOptions {
  /** Undefined: derived from the first row. */
  hasHeader?: boolean | undefined;
  /** Refuses values that a 32-bit float changes. */
  isExact?: boolean;
  delimiter?: string;
  decimal?: DecimalMark;
  /** Marks of missing cells; the usual ones when omitted. */
  missing?: readonly string[] | undefined;
  /** Names of columns to leave out, and kinds of others. */
  drop?: readonly string[];
  kinds?: ReadonlyMap<string, ColumnKind>;
  /** What earlier rows or another reading have shown of each column. */
  guesses?: readonly ColumnGuess[] | undefined;
  /** Only narrows the guesses. */
  isSurvey?: boolean;
}

/** Rows of one kind: their number, and the line of the first. */
interface Seen {
  count: number;
  line: number;
}

/**
 * Converts rows of cells to rows of values, NaN where a cell is missing, and reports to `warnings` what it skips or
 * changes. When a cell is not of the kind that was guessed for its column, the table only surveys from there on: it
 * gives no more rows, but at the end the right guesses for another reading. Throws ImportError that names row and
 * column (both from 1, not counting the header) and the line of the file.
 *
 * A row of only delimiters counts as missing values when another row follows, and is skipped at the end, where
 * spreadsheets write many. An empty line is a missing value in a table of one column, and is skipped otherwise.
 */
export class CsvTable {
  names: string[] | undefined;
  /** The first row, if it holds the names. */
  header: CsvRow | undefined;
  /** By column of the file; undefined for those that are left out. */
  columns: (CsvColumn | undefined)[] = [];
  /** See `PlainRows`. */
  asText: Uint8Array | undefined;
  isSurvey: boolean;
  /** For each column: 1 when the first whole number that a 32-bit float changes has been reported. */
  readonly knowsRounded = new Uint8Array(MAX_CSV_COLUMNS);
  readonly #warnings: ImportWarnings;
  readonly #options: TableOptions;
  #kept = 0;
  #rows = 0;
  #values = new Float32Array(VALUES_PER_BLOCK);
  #count = 0;
  /** What precedes `#values`: blocks of values, and numbers of rows of missing cells. */
  #blocks: (Float32Array | number)[] = [];
  readonly #emptyLines: Seen = { count: 0, line: 0 };
  readonly #emptyRows: Seen = { count: 0, line: 0 };
  /** Rows of only delimiters since the last other row, and the error of the first one with a wrong number of cells. */
  #waiting: Seen = { count: 0, line: 0 };
  #waitingFault: ImportError | undefined;

  constructor(warnings: ImportWarnings, options: TableOptions) {
    this.#warnings = warnings;
    this.#options = options;
    this.isSurvey = options.isSurvey === true;
  }

  get delimiter(): string {
    return this.#options.delimiter ?? ",";
  }

  get decimal(): DecimalMark {
    return this.#options.decimal ?? ".";
  }

  get rowCount(): number {
    return this.#rows;
  }

  get guesses(): ColumnGuess[] {
    return this.columns.map((column) => column?.guess ?? { kind: "category" });
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
        this.header = row;
        // Another reading checks the names.
        this.#takeNames(
          this.#options.isSurvey === true
            ? nameCells(row)
            : readNames(row, this.#warnings, this.#options.hasHeader === true),
        );
        return;
      }
      this.#takeNames(numberedNames(cells.length));
      if (cells.length === 1) this.#takeEmptyLines();
    }
    if (this.names === undefined) return;
    if (this.names.length === 1) this.#takeRow(row, this.names);
    else if (isEmptyLine) see(this.#emptyLines, line);
    else if (cells.every((cell) => cell === "")) {
      this.#waitingFault ??= this.#wrongCount(row, this.names);
      see(this.#waiting, line);
    } else {
      if (this.#waiting.count > 0) this.#takeWaiting();
      this.#takeRow(row, this.names);
    }
  }

  #takeNames(names: string[]): void {
    const { drop = [], kinds, guesses, isExact = false, missing } = this.#options;
    checkNamed(names, drop, [...(kinds?.keys() ?? [])]);
    this.names = names;
    const left = new Set(drop);
    const settings = {
      isExact,
      decimal: this.decimal,
      isMissing: missingMarks(missing),
      areNumbersMissing: missing?.some((mark) => plainNumber(mark.trim(), this.decimal) !== undefined) === true,
      warnings: this.#warnings,
      room: textRoom(),
    };
    this.columns = names.map((name, index) => {
      if (left.has(name)) return undefined;
      const guess = { ...(guesses?.[index] ?? { kind: undefined }) };
      return new CsvColumn(name, guess, kinds?.get(name), settings);
    });
    this.#kept = names.length - left.size;
    if (this.columns.some((column) => column?.needsText === true)) {
      this.asText = Uint8Array.from(this.columns, (column) => (column?.needsText === true ? 1 : 0));
    }
  }

  /**
   * Reports skipped and missing rows, after all rows are read. Returns what is known about the columns that are kept.
   */
  finish(): ColumnReading[] {
    const row = "row of nothing but delimiters";
    const rows = "rows of nothing but delimiters";
    this.#say(this.#waiting, [`${row} at the end is left out`, `${rows} at the end are left out`]);
    this.#say(this.#emptyRows, [
      `${row} between others counts as missing values`,
      `${rows} between others count as missing values`,
    ]);
    this.#say(this.#emptyLines, ["empty line is left out", "empty lines are left out"]);
    return this.columns.flatMap((column) => column?.finish(this.#rows) ?? []);
  }

  #say({ count, line }: Seen, [one, many]: [string, string]): void {
    if (count > 0) this.#warnings.add(`${count} ${count === 1 ? one : many}; the first is line ${line}`);
  }

  /** The values of all whole rows since the last call, valid until more rows are taken. */
  *drain(): Generator<Float32Array> {
    const columns = this.#kept;
    for (const block of this.#blocks) {
      if (typeof block !== "number") yield block;
      else {
        const rowsPerBlock = Math.max(1, Math.floor(VALUES_PER_BLOCK / columns));
        for (let done = 0; done < block; done += rowsPerBlock) {
          yield new Float32Array(Math.min(rowsPerBlock, block - done) * columns).fill(Number.NaN);
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
    if (!this.isSurvey) this.#reserve(this.#kept);
    const { columns } = this;
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index];
      if (column === undefined) continue;
      const value = this.#read(column, (cells[index] as string).trim(), index, row.line);
      if (!this.isSurvey) this.#values[this.#count++] = value;
    }
  }

  /** Takes rows that `plain` has read from `bytes`; `line` is that of the first one. */
  takePlain(plain: PlainRows, bytes: Buffer, line: number): void {
    const { values, texts, textCount, rowCount } = plain;
    if (rowCount === 0) return;
    const names = this.names as string[];
    if (this.#waiting.count > 0) this.#takeWaiting();
    const rowsBefore = this.#rows;
    for (let text = 0; text < 3 * textCount; text += 3) {
      const at = texts[text] as number;
      const row = Math.floor(at / names.length);
      const index = at - row * names.length;
      const column = this.columns[index];
      if (column === undefined || (this.isSurvey && column.guess.kind === "category")) continue;
      this.#rows = rowsBefore + row + 1;
      const cell = bytes.toString("latin1", texts[text + 1], texts[text + 2]).trim();
      values[at] = this.#read(column, cell, index, line + row);
    }
    this.#countRounded(plain, names);
    this.#rows = rowsBefore + rowCount;
    if (this.isSurvey) return;
    this.#reserve(rowCount * this.#kept);
    const count = rowCount * names.length;
    if (this.#kept === names.length) this.#values.set(values.subarray(0, count), this.#count);
    else this.#setKept(values.subarray(0, count), names.length);
    this.#count += rowCount * this.#kept;
  }

  #setKept(values: Float32Array, columns: number): void {
    const kept = this.columns.flatMap((column, index) => (column === undefined ? [] : index));
    let target = this.#count;
    for (let first = 0; first < values.length; first += columns) {
      for (const index of kept) this.#values[target++] = values[first + index] as number;
    }
  }

  #countRounded({ rounded, roundedCount }: PlainRows, names: string[]): void {
    if (roundedCount === 0) return;
    const counts = new Uint32Array(names.length);
    for (let i = 0; i < roundedCount; i++) counts[(rounded[i] as number) % names.length]!++;
    for (const [column, count] of counts.entries()) {
      if (count > 0) this.#warnings.count("rounded", names[column] as string, { row: this.#rows, count });
    }
  }

  /** The value of a cell of the last row; the survey begins where it is not of the kind that was guessed. */
  #read(column: CsvColumn, text: string, index: number, line: number): number {
    if (this.isSurvey) {
      column.survey(text, this.#rows);
      if (this.asText !== undefined && !isOpen(column.guess)) this.asText[index] = 0;
      return Number.NaN;
    }
    let value: number | undefined;
    try {
      value = column.read(text, this.#rows);
    } catch (error) {
      if (!(error instanceof ImportError)) throw error;
      throw new ImportError(`row ${this.#rows} (line ${line}), column '${column.name}': ${error.message}`);
    }
    if (column.knowsRounded) this.knowsRounded[index] = 1;
    if (this.asText !== undefined && !column.needsText) this.asText[index] = 0;
    if (value !== undefined) return value;
    this.isSurvey = true;
    this.#blocks = [];
    this.#count = 0;
    this.asText = Uint8Array.from(this.columns, (each) => (each !== undefined && isOpen(each.guess) ? 1 : 0));
    return Number.NaN;
  }

  /** Counts empty lines before the first row as missing values, because the file has one column. */
  #takeEmptyLines(): void {
    this.#waiting = { ...this.#emptyLines };
    this.#emptyLines.count = 0;
    if (this.#waiting.count > 0) this.#addMissingRows();
  }

  #takeWaiting(): void {
    if (this.#waitingFault !== undefined) throw this.#waitingFault;
    if (this.#emptyRows.count === 0) this.#emptyRows.line = this.#waiting.line;
    this.#emptyRows.count += this.#waiting.count;
    this.#addMissingRows();
  }

  /** Adds rows of missing cells for the waiting rows. */
  #addMissingRows(): void {
    const { count } = this.#waiting;
    for (const column of this.columns) column?.addMissing(count, this.#rows + 1);
    const values = count * this.#kept;
    if (this.isSurvey) this.#blocks = [];
    else if (values <= VALUES_PER_BLOCK) {
      this.#reserve(values);
      this.#values.fill(Number.NaN, this.#count, this.#count + values);
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

  #reserve(more: number): void {
    if (this.#count + more <= this.#values.length) return;
    const bigger = new Float32Array(2 * (this.#count + more));
    bigger.set(this.#values);
    this.#values = bigger;
  }
}

/** Whether plain numbers may still narrow a guess. */
const isOpen = ({ kind }: ColumnGuess) => kind !== "number" && kind !== "category";

function see(seen: Seen, line: number): void {
  if (seen.count === 0) seen.line = line;
  seen.count++;
}
