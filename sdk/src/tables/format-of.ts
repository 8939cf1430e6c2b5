import type { FileFormat } from "../formats.ts";
import type { FileSource } from "../upload.ts";

const starts: readonly [FileFormat, readonly number[]][] = [
  ["parquet", bytesOf("PAR1")],
  ["arrow", bytesOf("ARROW1")],
  ["arrow", bytesOf("FEA1")],
  // A stream of Arrow messages.
  ["arrow", [0xff, 0xff, 0xff, 0xff]],
  ["npy", [0x93, ...bytesOf("NUMPY")]],
];

/** ZIP, and what Excel wrote before. */
const archiveStarts = [
  [...bytesOf("PK"), 3, 4],
  [0xd0, 0xcf, 0x11, 0xe0],
];

function bytesOf(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}

/** The bytes from `start` to `end` of a file. */
export async function bytesAt(source: FileSource, start: number, end: number): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source.subarray(start, end);
  return new Uint8Array(await source.slice(start, end).arrayBuffer());
}

/** The format of a file, by its first bytes; CSV for anything else, which the server then checks. */
export async function formatOf(source: FileSource): Promise<FileFormat> {
  const first = await bytesAt(source, 0, 8);
  return starts.find(([, start]) => start.every((byte, at) => first[at] === byte))?.[0] ?? "csv";
}

/** Whether a file is an archive such as an Excel workbook, which the server refuses by its name. */
export async function isArchive(source: FileSource): Promise<boolean> {
  const first = await bytesAt(source, 0, 4);
  return archiveStarts.some((start) => start.every((byte, at) => first[at] === byte));
}
