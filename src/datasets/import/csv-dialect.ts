import { TextDecoder } from "node:util";
import { plainNumber, type DecimalMark } from "./csv-cell.ts";
import { CsvReader } from "./csv-reader.ts";
import { DELIMITERS, type ENCODINGS, ImportError, type ImportOptions } from "./import-job.ts";

/** Rows by which delimiter and decimal mark are recognised. */
const ROWS_MAX = 50;
const TEXT_MAX = 65_536;
const NAMES = { ",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars" } as const;
type Delimiter = keyof typeof NAMES;

/** How a file of CSV is written. */
export interface CsvDialect {
  /** For a `TextDecoder`, which leaves out a byte order mark. */
  encoding: string;
  delimiter: Delimiter;
  decimal: DecimalMark;
  /** Sentences about what is not the usual way. */
  notes: string[];
}

/** Recognises how a file is written by its first bytes, unless the options say it. */
export function readDialect(head: Buffer, options: ImportOptions): CsvDialect {
  const notes: string[] = [];
  const encoding = options.encoding ?? encodingOf(head, notes);
  const decoder = new TextDecoder(encoding === "latin1" ? "windows-1252" : encoding);
  // No character takes more than four bytes.
  const text = decoder.decode(head.subarray(0, 4 * TEXT_MAX), { stream: true }).slice(0, TEXT_MAX);
  const delimiter =
    options.delimiter === undefined ? delimiterOf(text) : (DELIMITERS[options.delimiter] satisfies Delimiter);
  const decimal = options.decimal ?? decimalOf(text, delimiter);
  if (options.delimiter === undefined && delimiter !== ",") notes.push(`cells are separated by ${NAMES[delimiter]}`);
  if (options.decimal === undefined && decimal === ",") notes.push("a comma is the decimal mark of numbers");
  return { encoding: decoder.encoding, delimiter, decimal, notes };
}

const MARKS: [number[], (typeof ENCODINGS)[number], string][] = [
  [[0xff, 0xfe], "utf-16le", "UTF-16"],
  [[0xfe, 0xff], "utf-16be", "UTF-16"],
  [[0xef, 0xbb, 0xbf], "utf-8", "UTF-8"],
];
/** Characters of the beginning that are looked at. */
const START = 256;

function encodingOf(head: Buffer, notes: string[]): string {
  for (const [mark, encoding, name] of MARKS) {
    if (!mark.every((byte, at) => head[at] === byte)) continue;
    notes.push(`the text is ${name} with a byte order mark, which is left out`);
    return encoding;
  }
  // Without a mark, the zeros of common letters and digits tell.
  const zeros = [0, 0];
  const bytes = head.subarray(0, 2 * START);
  for (const [at, byte] of bytes.entries()) if (byte === 0) zeros[at % 2] = (zeros[at % 2] as number) + 1;
  const [even, odd] = zeros as [number, number];
  if (Math.max(even, odd) < 0.4 * (bytes.length / 2) || bytes.length < 4) return "utf-8";
  if (Math.min(even, odd) > 0) return "utf-8";
  notes.push("the text is UTF-16 without a byte order mark");
  return odd > even ? "utf-16le" : "utf-16be";
}

/** The first rows with this delimiter, as far as they can be read. */
function rowsOf(text: string, delimiter: Delimiter): string[][] {
  const rows: string[][] = [];
  const full = new Error();
  const reader = new CsvReader(({ cells }) => {
    if (cells.length > 1 || cells[0] !== "") rows.push(cells);
    if (rows.length === ROWS_MAX) throw full;
  }, delimiter);
  try {
    reader.write(text);
    reader.end();
  } catch (error) {
    if (error !== full && !(error instanceof ImportError)) throw error;
  }
  return rows;
}

/** The delimiter that gives the most first rows as many cells as the first one has; a comma, if in doubt. */
function delimiterOf(text: string): Delimiter {
  const present = Object.values(DELIMITERS).filter((delimiter) => text.includes(delimiter));
  if (present.every((delimiter) => delimiter === ",")) return ",";
  const candidates = present.map((delimiter) => {
    const [header = [], ...rows] = rowsOf(text, delimiter);
    const fitting = rows.filter(({ length }) => length === header.length).length;
    // Blanks around the cells of a table may be tabs.
    const isBlank = header.some((name, column) => name === "" && rows.every((row) => (row[column] ?? "") === ""));
    if (isBlank) return { delimiter, columns: 1, share: 0 };
    // The last row may be cut.
    return { delimiter, columns: header.length, share: rows.length <= 1 ? fitting : fitting / (rows.length - 1) };
  });
  const several = candidates.filter(({ columns, share }) => columns > 1 && share >= 0.5);
  const even = several.filter(({ share }) => share >= 1);
  return (even[0] ?? several[0])?.delimiter ?? ",";
}

/** A comma when some number needs it, and none a point. */
function decimalOf(text: string, delimiter: Delimiter): DecimalMark {
  // In most files no cell can hold a comma, nor groups of digits with points between them.
  const hasCommas = delimiter === "," ? text.includes('"') : text.includes(",");
  if (!hasCommas && !/\.\d{3}\./.test(text)) return ".";
  let [commas, either] = [0, 0];
  for (const cell of rowsOf(text, delimiter).slice(1).flat()) {
    const hasComma = cell.includes(",");
    if (!hasComma && !cell.includes(".")) continue;
    const bare = cell.replace(/\s*%$/, "");
    const [asPoint, asComma] = [plainNumber(bare, ".") !== undefined, plainNumber(bare, ",") !== undefined];
    if (asPoint && asComma && hasComma) either++;
    else if (asComma && !asPoint) commas++;
    else if (asPoint && !asComma) return ".";
  }
  // Programs separate cells by semicolons where the comma is the decimal mark.
  return commas > 0 || (either > 0 && delimiter === ";") ? "," : ".";
}
