/**
 * The dataset file: a table of little-endian numbers in chunks of rows. In each chunk the values of a column group are
 * contiguous, so that a task reads only the groups that it is bound to.
 *
 *     header (64 B) · metadata (JSON: name, groups) · zeros up to a multiple of 64 B · chunk · chunk · … · trailer
 *     chunk = CRC32 of each group's segment (u32 × groups) · segment of group 0 · segment of group 1 · …
 *     segment = rows of the chunk × columns of the group, row by row; a missing cell is NaN
 *
 * | offset | header field            |    | offset | header field                                  |
 * |--------|-------------------------|----|--------|-----------------------------------------------|
 * | 0      | magic `HANAMIDS`        |    | 32     | column count u32                              |
 * | 8      | format version u32      |    | 36     | rows per chunk u32 (the last one may be short) |
 * | 12     | bytes per value u32     |    | 40     | metadata bytes u32                            |
 * | 16     | file bytes u64          |    | 44     | trailer bytes u32, CRC32 of the trailer u32   |
 * | 24     | row count u64           |    | 52     | zeros                                         |
 * |        |                         |    | 60     | CRC32 of header bytes 0…59 and metadata u32   |
 *
 * The trailer (`columns.ts`) tells the kinds of the columns. A file without one has format version 1, and plain
 * numbers; a file with one has version 2.
 *
 * The header is written last, so an unfinished file has no magic and is refused.
 */
import { crc32 } from "node:zlib";

export type ElementType = "uint8" | "float32";

/** Named range of columns, end exclusive. The width may be 0: an untrained output has no columns. */
export interface ColumnGroup {
  name: string;
  column_start: number;
  column_end: number;
}

export interface DatasetHeader {
  name: string;
  type: ElementType;
  groups: ColumnGroup[];
  rowCount: number;
  columnCount: number;
  rowsPerChunk: number;
  fileBytes: number;
  /** 0 for a file without a trailer. */
  trailerBytes: number;
  trailerChecksum: number;
}

/** The file is not a dataset file of this version, or it is damaged. The message gives the reason, but no path. */
export class DatasetFileError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "DatasetFileError";
  }
}

export const HEADER_BYTES = 64;
/** Of files without a trailer, and of those with one. */
const [PLAIN_VERSION, TRAILER_VERSION] = [1, 2];
/** Bounds a reader's allocations for one row and for the metadata of an unknown file. */
export const MAX_COLUMNS = 1_048_576;
export const MAX_METADATA_BYTES = 32 * 1024 * 1024;

const MAGIC = Buffer.from("HANAMIDS", "latin1");
const ALIGNMENT = 64;
const CHUNK_BYTES = 4 * 1024 * 1024;
const MAX_ROWS_PER_CHUNK = 16_384;
/** Keeps the checksums below 1 % of the data for tables of very many narrow groups. */
const CHUNK_BYTES_PER_GROUP = 512;

export const elementBytes = (type: ElementType) => (type === "uint8" ? 1 : 4);

/** A power of two that gives chunks of about 4 MiB: 4096 rows of MNIST. */
export function chooseRowsPerChunk(type: ElementType, columnCount: number, groupCount: number): number {
  const rowBytes = columnCount * elementBytes(type);
  const rows = Math.max(CHUNK_BYTES, CHUNK_BYTES_PER_GROUP * groupCount) / Math.max(rowBytes, 1);
  return Math.min(MAX_ROWS_PER_CHUNK, 2 ** Math.max(0, Math.floor(Math.log2(rows))));
}

/** Offset of the first chunk. */
export function dataStart(metadataBytes: number): number {
  return Math.ceil((HEADER_BYTES + metadataBytes) / ALIGNMENT) * ALIGNMENT;
}

/** Size of a chunk of `rows` rows, including checksums. */
export function chunkBytes(header: Pick<DatasetHeader, "type" | "columnCount" | "groups">, rows: number): number {
  return 4 * header.groups.length + rows * header.columnCount * elementBytes(header.type);
}

/** Throws DatasetFileError unless the groups are contiguous and have distinct, non-empty names. */
export function checkGroups(groups: readonly ColumnGroup[]): void {
  const names = new Set<string>();
  let column = 0;
  for (const { name, column_start, column_end } of groups) {
    if (typeof name !== "string" || name === "") throw new DatasetFileError("a column group has no name");
    if (names.has(name)) throw new DatasetFileError(`the column group '${name}' appears twice`);
    if (column_start !== column || !Number.isInteger(column_end) || column_end < column_start) {
      throw new DatasetFileError(`the column group '${name}' does not follow the group before it`);
    }
    names.add(name);
    column = column_end;
  }
  if (column > MAX_COLUMNS) throw new DatasetFileError(`more than ${MAX_COLUMNS} columns`);
}

export function encodeMetadata(name: string, groups: readonly ColumnGroup[]): Buffer {
  const metadata = Buffer.from(JSON.stringify({ name, groups }), "utf8");
  if (metadata.length > MAX_METADATA_BYTES) throw new DatasetFileError("the names of the columns are too long");
  return metadata;
}

export function encodeHeader(header: DatasetHeader, metadata: Uint8Array): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(bytes, 0);
  bytes.writeUInt32LE(header.trailerBytes === 0 ? PLAIN_VERSION : TRAILER_VERSION, 8);
  bytes.writeUInt32LE(elementBytes(header.type), 12);
  bytes.writeBigUInt64LE(BigInt(header.fileBytes), 16);
  bytes.writeBigUInt64LE(BigInt(header.rowCount), 24);
  bytes.writeUInt32LE(header.columnCount, 32);
  bytes.writeUInt32LE(header.rowsPerChunk, 36);
  bytes.writeUInt32LE(metadata.length, 40);
  bytes.writeUInt32LE(header.trailerBytes, 44);
  bytes.writeUInt32LE(header.trailerChecksum, 48);
  bytes.writeUInt32LE(headerChecksum(bytes, metadata), 60);
  return bytes;
}

function headerChecksum(header: Buffer, metadata: Uint8Array): number {
  return crc32(metadata, crc32(header.subarray(0, 60)));
}

/** The metadata's length, after checking magic and version. */
export function decodeMetadataBytes(header: Buffer): number {
  if (header.length < HEADER_BYTES || !header.subarray(0, 8).equals(MAGIC)) {
    throw new DatasetFileError("not a finished dataset file");
  }
  const version = header.readUInt32LE(8);
  if (version !== PLAIN_VERSION && version !== TRAILER_VERSION) {
    throw new DatasetFileError(`format version ${version}, but only ${PLAIN_VERSION} and ${TRAILER_VERSION} are known`);
  }
  const metadataBytes = header.readUInt32LE(40);
  if (metadataBytes > MAX_METADATA_BYTES) throw new DatasetFileError("the metadata is too big");
  return metadataBytes;
}

/** Checks everything except the chunks; `actualBytes` is the size of the file. */
export function decodeHeader(bytes: Buffer, metadata: Buffer, actualBytes: number): DatasetHeader {
  if (bytes.readUInt32LE(60) !== headerChecksum(bytes, metadata)) {
    throw new DatasetFileError("the header's checksum does not match");
  }
  const { name, groups } = decodeMetadata(metadata);
  const valueBytes = bytes.readUInt32LE(12);
  if (valueBytes !== 1 && valueBytes !== 4) throw new DatasetFileError(`values of ${valueBytes} bytes`);
  const header: DatasetHeader = {
    name,
    type: valueBytes === 1 ? "uint8" : "float32",
    groups,
    rowCount: Number(bytes.readBigUInt64LE(24)),
    columnCount: bytes.readUInt32LE(32),
    rowsPerChunk: bytes.readUInt32LE(36),
    fileBytes: Number(bytes.readBigUInt64LE(16)),
    trailerBytes: bytes.readUInt32LE(44),
    trailerChecksum: bytes.readUInt32LE(48),
  };
  if ((bytes.readUInt32LE(8) === TRAILER_VERSION) !== header.trailerBytes > 0) {
    throw new DatasetFileError("format version and trailer do not agree");
  }
  if (header.columnCount !== (groups.at(-1)?.column_end ?? 0)) {
    throw new DatasetFileError("the column groups do not cover the columns");
  }
  if (header.rowsPerChunk === 0) throw new DatasetFileError("chunks without rows");
  const expected = totalBytes(header, metadata.length);
  if (header.fileBytes !== expected || actualBytes !== expected) {
    throw new DatasetFileError(`${actualBytes} bytes, but its header describes ${expected}`);
  }
  return header;
}

function decodeMetadata(metadata: Buffer): { name: string; groups: ColumnGroup[] } {
  let parsed: { name?: unknown; groups?: unknown };
  try {
    parsed = JSON.parse(metadata.toString("utf8")) as typeof parsed;
  } catch {
    throw new DatasetFileError("the metadata is not JSON");
  }
  if (typeof parsed.name !== "string" || !Array.isArray(parsed.groups)) {
    throw new DatasetFileError("the metadata has no name or no groups");
  }
  const groups = parsed.groups as ColumnGroup[];
  checkGroups(groups);
  return { name: parsed.name, groups };
}

/** Size of a finished file. */
export function totalBytes(
  header: Pick<DatasetHeader, "type" | "columnCount" | "groups" | "rowCount" | "rowsPerChunk" | "trailerBytes">,
  metadataBytes: number,
): number {
  const fullChunks = Math.floor(header.rowCount / header.rowsPerChunk);
  const rest = header.rowCount % header.rowsPerChunk;
  return (
    dataStart(metadataBytes) +
    fullChunks * chunkBytes(header, header.rowsPerChunk) +
    (rest === 0 ? 0 : chunkBytes(header, rest)) +
    header.trailerBytes
  );
}
