/** A row of a CSV text. */
export interface SplitRow {
  /** As it stands in the text, without its line end. */
  text: string;
  /** Its line end; empty at the end of a text without one. */
  end: string;
  /** Without quotes, and without the blanks around them. */
  cells: string[];
}

const QUOTE = 34;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const isBlank = (code: number) => code === 32 || code === 9 || code === 11 || code === 12;

/**
 * Splits a CSV text, piece by piece, into rows: quotes as in RFC 4180, and LF, CR or CRLF at the end of each row. It
 * expects a text that the server has accepted, and so refuses nothing. Time is linear in the text's length.
 */
export class CsvSplitter {
  readonly #delimiter: number;
  #text = "";
  /** What is read of the text of the current row. */
  #at = 0;
  #cellStart = 0;
  #cells: string[] = [];
  #isInQuotes = false;
  #isBlank = true;

  constructor(delimiter: string) {
    this.#delimiter = delimiter.charCodeAt(0);
  }

  /** The rows that end in this piece. */
  write(text: string): SplitRow[] {
    this.#text += text;
    return [...this.#rows(false)];
  }

  /** The last row, if it has no line end. */
  end(): SplitRow[] {
    const rows = [...this.#rows(true)];
    if (this.#text !== "") rows.push(this.#cut(this.#text.length, this.#text.length));
    return rows;
  }

  *#rows(isLast: boolean): Generator<SplitRow> {
    let start = 0;
    const text = this.#text;
    while (this.#at < text.length) {
      const code = text.charCodeAt(this.#at);
      if (this.#isInQuotes) {
        if (!this.#skipQuoted(isLast)) break;
      } else if (code === QUOTE && this.#isBlank) {
        this.#isInQuotes = true;
        this.#at++;
      } else if (code === this.#delimiter) this.#endCell();
      else if (code === LINE_FEED || code === CARRIAGE_RETURN) {
        const next = this.#at + 1;
        if (code === CARRIAGE_RETURN && next === text.length && !isLast) break;
        const end = code === CARRIAGE_RETURN && text.charCodeAt(next) === LINE_FEED ? next + 1 : next;
        yield this.#cut(this.#at, end, start);
        start = end;
      } else {
        this.#isBlank &&= isBlank(code);
        this.#at++;
      }
    }
    this.#text = text.slice(start);
    this.#at -= start;
    this.#cellStart -= start;
  }

  /** Goes behind the quote that ends a cell. False when the text ends before it is known where that is. */
  #skipQuoted(isLast: boolean): boolean {
    const close = this.#text.indexOf('"', this.#at);
    if (close < 0) this.#at = this.#text.length;
    else if (close + 1 === this.#text.length && !isLast) this.#at = close;
    else if (this.#text.charCodeAt(close + 1) === QUOTE) {
      this.#at = close + 2;
      return true;
    } else {
      this.#at = close + 1;
      this.#isInQuotes = false;
      this.#isBlank = false;
      return true;
    }
    return false;
  }

  #endCell(): void {
    this.#cells.push(cellOf(this.#text.slice(this.#cellStart, this.#at)));
    this.#at++;
    this.#cellStart = this.#at;
    this.#isBlank = true;
  }

  /** The row from `start` to `at`, with its line end up to `end`. */
  #cut(at: number, end: number, start = 0): SplitRow {
    this.#at = at;
    this.#endCell();
    const row = { text: this.#text.slice(start, at), end: this.#text.slice(at, end), cells: this.#cells };
    this.#cells = [];
    this.#isInQuotes = false;
    this.#at = end;
    this.#cellStart = end;
    return row;
  }
}

/** The cell of a raw text. Only ASCII blanks are left out: in a text of bytes the others may be parts of letters. */
function cellOf(raw: string): string {
  let [start, end] = [0, raw.length];
  while (start < end && isBlank(raw.charCodeAt(start))) start++;
  while (end > start && isBlank(raw.charCodeAt(end - 1))) end--;
  const text = raw.slice(start, end);
  return text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text;
}
