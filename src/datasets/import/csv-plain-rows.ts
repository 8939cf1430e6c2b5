import { decimalNumber, isRoundedWhole, mayChange, WHOLE_END } from "./csv-number.ts";
import { MAX_CELL_LENGTH, MAX_CSV_COLUMNS, type LineEnds } from "./csv-reader.ts";

/** Room for at least one row. */
const VALUES_MAX = 2 * MAX_CSV_COLUMNS;
/** Cells that are no plain numbers; a last row may add more. */
const TEXTS_MAX = 8192;

const QUOTE = 34;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const BLANK = 32;
const TAB = 9;
const VERTICAL_TAB = 11;
const FORM_FEED = 12;
const PLUS = 43;
const MINUS = 45;
const ZERO = 48;
const SMALL_E = 101;
/** Bit that distinguishes small letters from capital ones. */
const SMALL = 32;
const ASCII_END = 128;

/** Beyond all floats, whatever precedes the exponent. */
const EXPONENT_MAX = 100_000;

/** Why `scan` ended: the bytes ended within a row, there is no room for another row, or a row is not plain. */
type ScanEnd = "cut" | "full" | "not plain";

interface ScannedTable {
  columns: number;
  /** See `CsvTable`. */
  knowsRounded: Uint8Array;
  /** 1 for columns whose cells are all among the `texts`; undefined when there are none. */
  asText: Uint8Array | undefined;
  /** Codes of the characters. */
  delimiter: number;
  decimalMark: number;
}

/**
 * Reads rows of numbers from the bytes of a CSV file, without a string per cell. A row is plain when it is ASCII, has
 * no quotes, has the expected number of cells, and is more than delimiters. Its cells that are not plain numbers are
 * left to the caller, as positions in the bytes.
 */
export class PlainRows {
  /** Row by row; 0 for the cells of `texts`. */
  readonly values = new Float32Array(VALUES_MAX);
  /** For each cell that is no plain number: its index in `values`, start and end in the bytes. */
  readonly texts = new Int32Array(3 * (TEXTS_MAX + MAX_CSV_COLUMNS));
  textCount = 0;
  /**
   * Indices in `values` of the whole numbers that a 32-bit float changes, in columns of which the first one is
   * known. Those in other columns, and those that are not just digits, are among the `texts`.
   */
  readonly rounded = new Int32Array(VALUES_MAX);
  roundedCount = 0;
  rowCount = 0;
  readonly lineEnds: LineEnds = { CRLF: 0, LF: 0, CR: 0 };
  /** Where the first row begins that was not read. */
  end = 0;
  #exponentEnd = 0;

  /**
   * Reads whole rows of `columns` cells from the start on; the results replace those of the last call. `bytes[end]` has
   * to be 0.
   */
  scan(bytes: Uint8Array, start: number, end: number, table: ScannedTable): ScanEnd {
    const { columns, knowsRounded, asText, delimiter, decimalMark } = table;
    const point = decimalMark - ZERO;
    const { values, texts, rounded, lineEnds } = this;
    lineEnds.CRLF = lineEnds.LF = lineEnds.CR = 0;
    this.textCount = this.roundedCount = this.rowCount = 0;
    this.end = start;
    let at = start;
    let count = 0;
    let rowEnd = columns;
    let textCount = 0;
    let roundedCount = 0;
    for (;;) {
      const cellStart = at;
      let byte = bytes[at] as number;
      while (byte === BLANK) byte = bytes[++at] as number;
      const isNegative = byte === MINUS;
      if (isNegative) byte = bytes[++at] as number;
      let mantissa = 0;
      let digitCount = -at;
      let digit = byte - ZERO;
      while (digit >= 0 && digit <= 9) {
        mantissa = 10 * mantissa + digit;
        digit = (bytes[++at] as number) - ZERO;
      }
      digitCount += at;
      // Short whole numbers are common enough for a path of their own.
      byte = digit + ZERO;
      if (byte === delimiter && digitCount > 0 && mantissa <= WHOLE_END && asText === undefined && count + 1 < rowEnd) {
        if (at - cellStart > MAX_CELL_LENGTH) return "not plain";
        values[count++] = isNegative ? -mantissa : mantissa;
        at++;
        continue;
      }
      let power = 0;
      if (digit === point) {
        power = ++at;
        digit = (bytes[at] as number) - ZERO;
        while (digit >= 0 && digit <= 9) {
          mantissa = 10 * mantissa + digit;
          digit = (bytes[++at] as number) - ZERO;
        }
        power -= at;
        digitCount -= power;
        byte = digit + ZERO;
      }
      if ((byte | SMALL) === SMALL_E) {
        const exponent = this.#readExponent(bytes, at + 1);
        if (exponent === undefined) digitCount = 0;
        else power += exponent;
        at = this.#exponentEnd;
        byte = bytes[at] as number;
      }
      let value = decimalNumber(mantissa, power);
      const isNumber = digitCount > 0 && isCellEnd(byte, delimiter);
      const isPlain = isNumber && (asText === undefined || asText[count - rowEnd + columns] === 0);
      if (isPlain && isRoundedWhole(mantissa, power) && knowsRounded[count - rowEnd + columns] === 1) {
        rounded[roundedCount++] = count;
      } else if (!isPlain || mayChange(value)) {
        while (!isCellEnd(byte, delimiter)) {
          if (at >= end) return "cut";
          if (byte === QUOTE || byte >= ASCII_END) return "not plain";
          byte = bytes[++at] as number;
        }
        texts[3 * textCount] = count;
        texts[3 * textCount + 1] = cellStart;
        texts[3 * textCount + 2] = at;
        textCount++;
        value = 0;
      }
      if (at - cellStart > MAX_CELL_LENGTH) return "not plain";
      values[count++] = isNegative ? -value : value;
      at++;
      if (byte === delimiter) {
        if (count === rowEnd) return "not plain";
        continue;
      }
      if (count !== rowEnd) return "not plain";
      if (textCount - this.textCount === columns && columns > 1 && isEmptyRow(bytes, this.end, delimiter))
        return "not plain";
      if (byte === LINE_FEED) lineEnds.LF++;
      else if (at >= end) return "cut";
      else if (bytes[at] === LINE_FEED) {
        at++;
        lineEnds.CRLF++;
      } else lineEnds.CR++;
      this.end = at;
      this.textCount = textCount;
      this.roundedCount = roundedCount;
      this.rowCount++;
      rowEnd += columns;
      if (rowEnd > VALUES_MAX || textCount > TEXTS_MAX) return "full";
    }
  }

  /** Returns undefined when there are no digits. */
  #readExponent(bytes: Uint8Array, start: number): number | undefined {
    const sign = bytes[start];
    let at = sign === MINUS || sign === PLUS ? start + 1 : start;
    const first = at;
    let exponent = 0;
    for (let digit = (bytes[at] as number) - ZERO; digit >= 0 && digit <= 9; digit = (bytes[++at] as number) - ZERO) {
      exponent = Math.min(10 * exponent + digit, EXPONENT_MAX);
    }
    this.#exponentEnd = at;
    if (at === first) return undefined;
    return sign === MINUS ? -exponent : exponent;
  }
}

const isCellEnd = (byte: number, delimiter: number) =>
  byte === delimiter || byte === LINE_FEED || byte === CARRIAGE_RETURN;

/** True when the row that begins at `at` is nothing but delimiters and blanks. */
function isEmptyRow(bytes: Uint8Array, at: number, delimiter: number): boolean {
  for (; ; at++) {
    const byte = bytes[at] as number;
    if (byte === LINE_FEED || byte === CARRIAGE_RETURN) return true;
    if (byte !== delimiter && byte !== BLANK && byte !== TAB && byte !== VERTICAL_TAB && byte !== FORM_FEED)
      return false;
  }
}
