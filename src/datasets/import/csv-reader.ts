import { ImportError } from "./import-job.ts";

/** Every column is a group with a name and a checksum per chunk; wider tables need another format. */
export const MAX_CSV_COLUMNS = 65_536;
/** The limit of spreadsheets. Without it, an unclosed quote would swallow the rest of the file. */
export const MAX_CELL_LENGTH = 32_767;
/** Limit for all cells of a row together. */
const MAX_ROW_LENGTH = 16 * 1024 * 1024;

const QUOTE = 34;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const BLANK = 32;
/** Matches one character. */
const OTHER_BLANK = /\s/;

/** State within a cell; the meaning of the next character depends on this alone. */
type CellState = "before" | "plain" | "quoted" | "quote in quoted" | "after quoted";

export interface CsvRow {
  /** Trimmed; blanks between quotes stay. */
  cells: string[];
  /** Line of the file where the row begins, from 1. */
  line: number;
  /** Number of cells that had blanks around them. */
  trimmed: number;
  /** Columns of the cells in quotes, from 0. */
  quoted: number[];
}

/** Number of rows by line end. */
export interface LineEnds {
  CRLF: number;
  LF: number;
  CR: number;
}

/**
 * Splits text into rows of cells as in RFC 4180, also with another delimiter. In addition, LF, CR and CRLF each end a
 * row, and blanks around a cell or its quotes are ignored. An empty line is a row of one empty cell. Reads every
 * character once and holds at most one row. Throws ImportError that names line and column.
 */
export class CsvReader {
  readonly lineEnds: LineEnds = { CRLF: 0, LF: 0, CR: 0 };
  /** Cells with line breaks: their number, and the line in which the first one begins. */
  readonly broken = { count: 0, line: 0 };
  readonly #onRow: (row: CsvRow) => void;
  readonly #delimiter: number;
  #state: CellState = "before";
  #cell = "";
  #hasBlanks = false;
  #row: CsvRow = { cells: [], line: 1, trimmed: 0, quoted: [] };
  #rowLength = 0;
  #line = 1;
  #quoteLine = 1;
  #isAfterReturn = false;

  constructor(onRow: (row: CsvRow) => void, delimiter = ",") {
    this.#onRow = onRow;
    this.#delimiter = delimiter.charCodeAt(0);
  }

  /** Line of the file where the next row begins; undefined within a row or its line end. */
  get nextLine(): number | undefined {
    const isWithin = this.#state !== "before" || this.#hasBlanks || this.#row.cells.length > 0 || this.#isAfterReturn;
    return isWithin ? undefined : this.#line;
  }

  /** Counts rows of one line each that were taken from the text between the last row and the next one. */
  skip({ CRLF, LF, CR }: LineEnds): void {
    this.lineEnds.CRLF += CRLF;
    this.lineEnds.LF += LF;
    this.lineEnds.CR += CR;
    this.#line += CRLF + LF + CR;
    this.#row.line = this.#line;
  }

  /** Reads the next piece of the text, which may be cut anywhere. */
  write(text: string): void {
    for (let at = 0; at < text.length;) at = this.#step(text, at);
  }

  /** Ends the text. */
  end(): void {
    if (this.#isAfterReturn) this.lineEnds.CR++;
    if (this.#state === "quoted") throw this.#fault(`the quote that opens in line ${this.#quoteLine} is not closed`);
    if (this.#state !== "before" || this.#row.cells.length > 0) this.#endRow();
  }

  /** Reads one or more characters. Returns the position of the next one. */
  #step(text: string, at: number): number {
    if (this.#state === "plain") return this.#takePlain(text, at);
    if (this.#state === "quoted") return this.#takeQuoted(text, at);
    const code = text.charCodeAt(at);
    if (this.#isAfterReturn) {
      this.#isAfterReturn = false;
      if (code === LINE_FEED) {
        this.lineEnds.CRLF++;
        return at + 1;
      }
      this.lineEnds.CR++;
    }
    if (code === QUOTE && this.#state === "before") {
      this.#state = "quoted";
      this.#row.quoted.push(this.#row.cells.length);
      this.#quoteLine = this.#line;
    } else if (code === QUOTE && this.#state === "quote in quoted") {
      this.#state = "quoted";
      this.#append('"');
    } else if (code === this.#delimiter) this.#endCell();
    else if (code === LINE_FEED || code === CARRIAGE_RETURN) this.#endLine(code);
    else if (code === BLANK || OTHER_BLANK.test(text.charAt(at))) {
      this.#hasBlanks = true;
      if (this.#state === "quote in quoted") this.#state = "after quoted";
    } else if (this.#state === "before") {
      this.#state = "plain";
      return at;
    } else throw this.#fault("there is text after the closing quote");
    return at + 1;
  }

  #takePlain(text: string, start: number): number {
    const delimiter = this.#delimiter;
    let at = start;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === delimiter || code === LINE_FEED || code === CARRIAGE_RETURN) break;
      if (code === QUOTE) throw this.#fault("there is a quote in a cell that does not begin with one");
    }
    this.#append(text.slice(start, at));
    if (at === text.length) return at;
    const code = text.charCodeAt(at);
    if (code === delimiter) this.#endCell();
    else this.#endLine(code);
    return at + 1;
  }

  #takeQuoted(text: string, start: number): number {
    let at = start;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) break;
      if (code === LINE_FEED) this.#line++;
    }
    this.#append(text.slice(start, at));
    if (at === text.length) return at;
    this.#state = "quote in quoted";
    return at + 1;
  }

  #append(text: string): void {
    const length = this.#cell.length + text.length;
    if (length > MAX_CELL_LENGTH) {
      const isQuoted = this.#state === "quoted";
      if (isQuoted) this.#line = this.#quoteLine;
      throw this.#fault(
        `the cell is longer than ${MAX_CELL_LENGTH} characters${isQuoted ? "; its quote may not be closed" : ""}`,
      );
    }
    this.#rowLength += text.length;
    if (this.#rowLength > MAX_ROW_LENGTH) throw this.#fault(`the row is longer than ${MAX_ROW_LENGTH} characters`);
    this.#cell += text;
  }

  #endCell(): void {
    const { cells } = this.#row;
    if (cells.length === MAX_CSV_COLUMNS) throw this.#fault(`more than ${MAX_CSV_COLUMNS} columns`);
    const cell = this.#state === "plain" ? this.#cell.trimEnd() : this.#cell;
    cells.push(cell);
    if (this.#state !== "plain" && this.#line > this.#quoteLine && cell.includes("\n")) this.#noteBreak();
    if (this.#hasBlanks || cell.length < this.#cell.length) this.#row.trimmed++;
    this.#cell = "";
    this.#hasBlanks = false;
    this.#state = "before";
  }

  #noteBreak(): void {
    if (this.broken.count++ === 0) this.broken.line = this.#quoteLine;
  }

  #endLine(code: number): void {
    this.#endRow();
    if (code === LINE_FEED) this.lineEnds.LF++;
    else this.#isAfterReturn = true;
  }

  #endRow(): void {
    this.#endCell();
    const row = this.#row;
    this.#line++;
    this.#row = { cells: [], line: this.#line, trimmed: 0, quoted: [] };
    this.#rowLength = 0;
    this.#onRow(row);
  }

  #fault(what: string): ImportError {
    return new ImportError(`line ${this.#line}, column ${this.#row.cells.length + 1}: ${what}`);
  }
}
