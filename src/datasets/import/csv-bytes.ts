import { TextDecoder } from "node:util";
import { PlainRows } from "./csv-plain-rows.ts";
import { CsvReader, type LineEnds } from "./csv-reader.ts";
import type { CsvTable } from "./csv-table.ts";

/** Only rows of up to this many bytes are read as plain rows. */
const ROW_BYTES_MAX = 1024 * 1024;
const PIECE_BYTES = 256 * 1024;
/** Bytes that are read as text before a row is tried as a plain one again. */
const TEXT_BYTES_MIN = 64;
const TEXT_BYTES_MAX = 65_536;

const LINE_FEED = 10;

/**
 * Reads the bytes of a CSV file into a table: plain rows directly, the header and all other rows by `CsvReader`. The
 * outcome is that of `CsvReader` alone. Where other rows are frequent, they are read in longer and longer blocks, so
 * that the attempts to read plain ones cost little. Looks at each byte a few times at most, however the file is cut.
 */
export class CsvBytes {
  readonly #table: CsvTable;
  readonly #reader: CsvReader;
  readonly #plain = new PlainRows();
  readonly #decoder: TextDecoder;
  readonly #delimiter: number;
  readonly #decimalMark: number;
  /** The bytes that are not read yet: less than a row, except during a call. One more byte is always 0. */
  readonly #bytes = Buffer.alloc(ROW_BYTES_MAX + PIECE_BYTES + 1);
  #length = 0;
  #textBytes = TEXT_BYTES_MIN;

  /** `encoding` is one of a `TextDecoder`. */
  constructor(table: CsvTable, encoding = "utf-8") {
    this.#table = table;
    this.#reader = new CsvReader((row) => table.take(row), table.delimiter);
    this.#decoder = new TextDecoder(encoding);
    this.#delimiter = table.delimiter.charCodeAt(0);
    // Where it is the delimiter, too, it ends a cell that is not in quotes.
    this.#decimalMark = table.decimal === table.delimiter ? -1 : table.decimal.charCodeAt(0);
  }

  get lineEnds(): LineEnds {
    return this.#reader.lineEnds;
  }

  /** Cells with line breaks. */
  get broken(): CsvReader["broken"] {
    return this.#reader.broken;
  }

  /** Reads the next piece of the file. */
  write(piece: Buffer): void {
    if (this.#decoder.encoding !== "utf-8") {
      this.#readText(piece);
      return;
    }
    for (let at = 0; at < piece.length; at += PIECE_BYTES) this.#writeUtf8(piece.subarray(at, at + PIECE_BYTES));
  }

  end(): void {
    this.#readText(this.#bytes.subarray(0, this.#length));
    this.#reader.write(this.#decoder.decode());
    this.#reader.end();
  }

  /** Reads at most `PIECE_BYTES`. */
  #writeUtf8(piece: Buffer): void {
    this.#bytes.set(piece, this.#length);
    this.#length += piece.length;
    this.#bytes[this.#length] = 0;
    // While a row is not whole, there is nothing to gain from scanning it again.
    if (this.#length <= ROW_BYTES_MAX && !piece.includes(LINE_FEED)) return;
    let at = 0;
    while (at < this.#length) {
      const end = this.#readPlain(at) ?? this.#readLines(at);
      if (end === at) break;
      at = end;
    }
    // Less than this piece: unless a row has ended, all bytes stay where they are.
    if (at > 0) this.#bytes.copyWithin(0, at, this.#length);
    this.#length -= at;
  }

  /**
   * Returns where the plain rows from `start` on end; undefined when there are none, `start` when more bytes may
   * follow.
   */
  #readPlain(start: number): number | undefined {
    const { names, knowsRounded, asText } = this.#table;
    const line = this.#reader.nextLine;
    if (names === undefined || line === undefined) return undefined;
    const plain = this.#plain;
    const reason = plain.scan(this.#bytes, start, this.#length, {
      columns: names.length,
      knowsRounded,
      asText,
      delimiter: this.#delimiter,
      decimalMark: this.#decimalMark,
    });
    if (plain.rowCount > 0) {
      this.#table.takePlain(plain, this.#bytes, line);
      this.#reader.skip(plain.lineEnds);
      if (plain.end - start > this.#textBytes) this.#textBytes = TEXT_BYTES_MIN;
      return plain.end;
    }
    return reason === "cut" && this.#length - start <= ROW_BYTES_MAX ? start : undefined;
  }

  /** Reads lines as text. Returns where they end. */
  #readLines(start: number): number {
    const bytes = this.#bytes.subarray(start, this.#length);
    const lineEnd = bytes.indexOf(LINE_FEED, Math.min(this.#textBytes, bytes.length));
    const length = lineEnd < 0 ? bytes.length : lineEnd + 1;
    this.#textBytes = Math.min(2 * this.#textBytes, TEXT_BYTES_MAX);
    this.#readText(bytes.subarray(0, length));
    return start + length;
  }

  #readText(bytes: Buffer): void {
    this.#reader.write(this.#decoder.decode(bytes, { stream: true }));
  }
}
