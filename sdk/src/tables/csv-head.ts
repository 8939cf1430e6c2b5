import type { FileSource } from "../upload.ts";
import { bytesAt } from "./format-of.ts";
import { CsvSplitter } from "./splitter.ts";

export type CsvEncoding = "utf-8" | "utf-16le" | "utf-16be";
/** Characters between cells, in the order in which they are tried, with the server's names for them. */
const delimiters = { ",": ",", ";": ";", "\t": "tab", "|": "|" } as const;
type Delimiter = keyof typeof delimiters;

/** How a CSV file is written. */
export interface CsvDialect {
  isGzip: boolean;
  encoding: CsvEncoding;
  /** Bytes of the byte order mark. */
  markBytes: number;
  delimiter: string;
  /** The mark in numbers, as its first rows show. */
  decimal: "." | ",";
}

/** The beginning of a CSV file. */
export interface CsvHead {
  dialect: CsvDialect;
  /** The names of its columns, as the server takes them. */
  names: string[];
  /** The server's name of the delimiter. */
  delimiterName: (typeof delimiters)[Delimiter];
}

/** Text that must hold the first row. */
const HEAD_BYTES = 4 * 1024 * 1024;
/** Rows that show how numbers are written. */
const ROWS_MAX = 200;

/**
 * Reads the names of the columns of a CSV file, whatever separates them: the delimiter that yields the most of the
 * names in `known`. The file may be packed with gzip.
 */
export async function readHead(source: FileSource, known: ReadonlySet<string>): Promise<CsvHead> {
  const [first = 0, second = 0] = await bytesAt(source, 0, 2);
  const isGzip = first === 0x1f && second === 0x8b;
  const bytes = isGzip ? await unpackedHead(source) : await bytesAt(source, 0, HEAD_BYTES);
  const { encoding, markBytes } = encodingOf(bytes);
  const text = new TextDecoder(encoding, { ignoreBOM: true }).decode(bytes.subarray(markBytes), { stream: true });
  const candidates = (Object.keys(delimiters) as Delimiter[]).map((delimiter) => {
    const rows = firstRows(text, delimiter);
    const names = namesOf(rows[0] ?? []);
    return { delimiter, rows, names, count: names.filter((name) => known.has(name)).length };
  });
  const { delimiter, rows, names } = candidates.reduce((best, each) => (each.count > best.count ? each : best));
  const dialect = { isGzip, encoding, markBytes, delimiter, decimal: decimalOf(rows.slice(1), delimiter) };
  return { dialect, names, delimiterName: delimiters[delimiter] };
}

/** Unpacks the beginning of a file. Damage is left to the server, which names it. */
async function unpackedHead(source: FileSource): Promise<Uint8Array> {
  const blob = source instanceof Uint8Array ? new Blob([source as Uint8Array<ArrayBuffer>]) : source;
  const reader = blob.stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    while (length < HEAD_BYTES) {
      const { done, value } = await reader.read();
      if (done) break;
      pieces.push(value);
      length += value.byteLength;
    }
  } catch {
    // What came before the damage is the head.
  }
  await reader.cancel().catch(() => {});
  const head = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    head.set(piece, at);
    at += piece.byteLength;
  }
  return head;
}

const marks: readonly [CsvEncoding, readonly number[]][] = [
  ["utf-8", [0xef, 0xbb, 0xbf]],
  ["utf-16le", [0xff, 0xfe]],
  ["utf-16be", [0xfe, 0xff]],
];
/** Bytes that tell the encoding of a text without a mark. */
const START_BYTES = 512;

function encodingOf(bytes: Uint8Array): { encoding: CsvEncoding; markBytes: number } {
  const marked = marks.find(([, mark]) => mark.every((byte, at) => bytes[at] === byte));
  if (marked !== undefined) return { encoding: marked[0], markBytes: marked[1].length };
  // UTF-16 has a zero in one half of each common character.
  const zeros = [0, 0] as [number, number];
  const start = bytes.subarray(0, START_BYTES);
  for (const [at, byte] of start.entries()) if (byte === 0) zeros[(at % 2) as 0 | 1]++;
  const isWide = start.length >= 4 && Math.max(...zeros) >= 0.2 * start.length && Math.min(...zeros) === 0;
  if (!isWide) return { encoding: "utf-8", markBytes: 0 };
  return { encoding: zeros[1] > zeros[0] ? "utf-16le" : "utf-16be", markBytes: 0 };
}

/** The first rows that are not empty lines. */
function firstRows(text: string, delimiter: string): string[][] {
  const splitter = new CsvSplitter(delimiter);
  const rows: string[][] = [];
  for (const { cells } of splitter.write(text)) {
    if (cells.length > 1 || cells[0] !== "") rows.push(cells);
    if (rows.length > ROWS_MAX) return rows;
  }
  return rows.length > 0 ? rows : splitter.end().map(({ cells }) => cells);
}

/** The server calls a first column without a name so, as far as no other column has the name. */
const FIRST = "column_0";

function namesOf(cells: readonly string[]): string[] {
  if (cells[0] !== "" || cells.length === 1) return [...cells];
  let first = FIRST;
  while (cells.includes(first)) first += "_";
  return [first, ...cells.slice(1)];
}

/** A comma where only semicolons separate cells, some numbers have a comma and none a point. */
function decimalOf(rows: readonly string[][], delimiter: string): "." | "," {
  if (delimiter !== ";") return ".";
  const has = (pattern: RegExp) => rows.some((cells) => cells.some((cell) => pattern.test(cell)));
  return has(/^[+-]?\d+,\d+ ?%?$/) && !has(/^[+-]?\d+\.\d+ ?%?$/) ? "," : ".";
}
