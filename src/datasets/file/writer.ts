import { randomUUID } from "node:crypto";
import { open, readdir, rename, rm, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { syncFolder, writeFully } from "../../files/durable-file.ts";
import { checkSpace } from "../../files/free-space.ts";
import { encodeTrailer, type ColumnFacts } from "./columns.ts";
import {
  checkGroups,
  chooseRowsPerChunk,
  chunkBytes,
  DatasetFileError,
  dataStart,
  elementBytes,
  encodeHeader,
  encodeMetadata,
  HEADER_BYTES,
  totalBytes,
  type ColumnGroup,
  type DatasetHeader,
  type ElementType,
} from "./layout.ts";

/** Suffix of files that are still being written. Files with this suffix are leftovers at start and are swept. */
export const PARTIAL_SUFFIX = ".partial";

/** Readers parse all names when they open the file, in about 20 ms at most. */
const MAX_GROUPS = 65_536;

type Rows = Uint8Array | Float32Array;

/**
 * Streams a dataset file; holds one chunk (about 4 MiB) in memory. Calls must be awaited one after another. The file
 * appears under its final name only after `finish` has made it durable. After a failed call only `abort` is valid.
 */
export interface DatasetWriter {
  readonly rowCount: number;
  /** Appends any number of whole rows, row by row: the length is a multiple of the column count. */
  append(rows: Rows): Promise<void>;
  /** Appends whole rows as one array per group, in the order of the groups: `[rowCount × width of the group]` each. */
  appendGroups(rowCount: number, groups: readonly Rows[]): Promise<void>;
  /**
   * Syncs and renames, atomically replacing an existing file. Returns the file's size in bytes. `columns` has one entry
   * per group: facts of single columns whose cells are not just plain numbers, or undefined.
   */
  finish(columns?: readonly (ColumnFacts | undefined)[]): Promise<number>;
  /** Removes the partial file. No effect after `finish` or an earlier `abort`. */
  abort(): Promise<void>;
}

interface DatasetOptions {
  name: string;
  type: ElementType;
  groups: readonly ColumnGroup[];
  /** Unlimited when omitted. */
  rowsMax?: number | undefined;
  /** Limit for all values together. Unlimited when omitted. */
  bytesMax?: number | undefined;
}

/**
 * Creates a partial dataset file next to `path`. Throws DatasetFileError unless `groups` are contiguous from column 0
 * on and have distinct names. Requires a little-endian machine.
 */
export async function createDatasetFile(path: string, options: DatasetOptions): Promise<DatasetWriter> {
  checkGroups(options.groups);
  if (options.groups.length > MAX_GROUPS) throw new DatasetFileError(`more than ${MAX_GROUPS} columns with names`);
  const metadata = encodeMetadata(options.name, options.groups);
  const partialPath = `${path}.${randomUUID()}${PARTIAL_SUFFIX}`;
  return new FileWriter(path, partialPath, await open(partialPath, "wx"), options, metadata);
}

class FileWriter implements DatasetWriter {
  readonly #path: string;
  readonly #partialPath: string;
  readonly #handle: FileHandle;
  readonly #metadata: Buffer;
  readonly #header: DatasetHeader;
  /** One chunk as it lies in the file: checksums, then a segment per group. */
  readonly #chunk: Buffer;
  /** The segments of `#chunk`, at the offsets of a full chunk. */
  readonly #values: Rows;
  readonly #rowsMax: number;
  readonly #bytesMax: number;
  #rowsInChunk = 0;
  #position: number;
  #closed = false;

  constructor(path: string, partialPath: string, handle: FileHandle, options: DatasetOptions, metadata: Buffer) {
    this.#path = path;
    this.#partialPath = partialPath;
    this.#handle = handle;
    this.#metadata = metadata;
    this.#rowsMax = options.rowsMax ?? Infinity;
    this.#bytesMax = options.bytesMax ?? Infinity;
    const groups = [...options.groups];
    const columnCount = groups.at(-1)?.column_end ?? 0;
    const rowsPerChunk = chooseRowsPerChunk(options.type, columnCount, groups.length);
    this.#header = {
      name: options.name,
      type: options.type,
      groups,
      rowCount: 0,
      columnCount,
      rowsPerChunk,
      fileBytes: 0,
      trailerBytes: 0,
      trailerChecksum: 0,
    };
    const memory = new ArrayBuffer(chunkBytes(this.#header, rowsPerChunk));
    this.#chunk = Buffer.from(memory);
    const checksumBytes = 4 * groups.length;
    this.#values =
      options.type === "uint8" ? new Uint8Array(memory, checksumBytes) : new Float32Array(memory, checksumBytes);
    this.#position = dataStart(metadata.length);
  }

  get rowCount(): number {
    return this.#header.rowCount;
  }

  async append(rows: Rows): Promise<void> {
    const { columnCount, groups, rowsPerChunk } = this.#header;
    this.#checkType(rows);
    if (columnCount === 0 || rows.length % columnCount !== 0) throw new DatasetFileError("rows are not whole");
    const rowCount = rows.length / columnCount;
    for (let first = 0; first < rowCount;) {
      const count = Math.min(rowCount - first, rowsPerChunk - this.#rowsInChunk);
      for (const { column_start, column_end } of groups) {
        const width = column_end - column_start;
        let target = rowsPerChunk * column_start + this.#rowsInChunk * width;
        let source = first * columnCount + column_start;
        if (width === 1) {
          // In a table of single columns, a view per value would cost more than the value.
          for (let row = 0; row < count; row++, target++, source += columnCount) {
            this.#values[target] = rows[source] as number;
          }
        } else {
          for (let row = 0; row < count; row++, target += width, source += columnCount) {
            this.#values.set(rows.subarray(source, source + width), target);
          }
        }
      }
      await this.#advance(count);
      first += count;
    }
  }

  async appendGroups(rowCount: number, parts: readonly Rows[]): Promise<void> {
    const { groups, rowsPerChunk } = this.#header;
    if (parts.length !== groups.length) throw new DatasetFileError("one array per column group is needed");
    for (const [index, { column_start, column_end }] of groups.entries()) {
      const part = parts[index] as Rows;
      this.#checkType(part);
      if (part.length !== rowCount * (column_end - column_start)) throw new DatasetFileError("rows are not whole");
    }
    for (let first = 0; first < rowCount;) {
      const count = Math.min(rowCount - first, rowsPerChunk - this.#rowsInChunk);
      for (const [index, { column_start, column_end }] of groups.entries()) {
        const width = column_end - column_start;
        const part = (parts[index] as Rows).subarray(first * width, (first + count) * width);
        this.#values.set(part, rowsPerChunk * column_start + this.#rowsInChunk * width);
      }
      await this.#advance(count);
      first += count;
    }
  }

  #checkType(rows: Rows): void {
    const fits = this.#header.type === "uint8" ? rows instanceof Uint8Array : rows instanceof Float32Array;
    if (!fits) throw new DatasetFileError(`values are not ${this.#header.type}`);
  }

  async #advance(rows: number): Promise<void> {
    this.#rowsInChunk += rows;
    this.#header.rowCount += rows;
    const { rowCount, columnCount, type } = this.#header;
    if (rowCount > this.#rowsMax) throw new DatasetFileError(`there are more than ${this.#rowsMax} rows`);
    if (rowCount * columnCount * elementBytes(type) > this.#bytesMax) {
      throw new DatasetFileError(`its values take more than ${this.#bytesMax} bytes`);
    }
    if (this.#rowsInChunk === this.#header.rowsPerChunk) await this.#flush();
  }

  async #flush(): Promise<void> {
    const rows = this.#rowsInChunk;
    if (rows === 0) return;
    await checkSpace(dirname(this.#path));
    const { groups, rowsPerChunk, type } = this.#header;
    const valueBytes = elementBytes(type);
    const checksumBytes = 4 * groups.length;
    for (const [index, { column_start, column_end }] of groups.entries()) {
      const start = checksumBytes + rows * column_start * valueBytes;
      const bytes = rows * (column_end - column_start) * valueBytes;
      // Only the last chunk can be short; its segments are moved together.
      const from = checksumBytes + rowsPerChunk * column_start * valueBytes;
      if (from !== start) this.#chunk.copyWithin(start, from, from + bytes);
      this.#chunk.writeUInt32LE(crc32(this.#chunk.subarray(start, start + bytes)), 4 * index);
    }
    const chunk = this.#chunk.subarray(0, chunkBytes(this.#header, rows));
    await writeFully(this.#handle, chunk, this.#position);
    this.#position += chunk.length;
    this.#rowsInChunk = 0;
  }

  async finish(columns?: readonly (ColumnFacts | undefined)[]): Promise<number> {
    await this.#flush();
    if (columns?.some((facts) => facts !== undefined) === true) {
      const trailer = encodeTrailer(this.#header.groups, columns);
      this.#header.trailerBytes = trailer.length;
      this.#header.trailerChecksum = crc32(trailer);
      await writeFully(this.#handle, trailer, this.#position);
    }
    this.#header.fileBytes = totalBytes(this.#header, this.#metadata.length);
    await writeFully(this.#handle, this.#metadata, HEADER_BYTES);
    // In a file without chunks nothing has written the final padding.
    await this.#handle.truncate(this.#header.fileBytes);
    await this.#handle.sync();
    // The header is written after all data that it describes is on disk.
    await writeFully(this.#handle, encodeHeader(this.#header, this.#metadata), 0);
    await this.#handle.sync();
    await this.#close();
    await rename(this.#partialPath, this.#path);
    await syncFolder(dirname(this.#path));
    return this.#header.fileBytes;
  }

  async abort(): Promise<void> {
    await this.#close();
    await rm(this.#partialPath, { force: true });
  }

  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#handle.close();
  }
}

/** Removes partial files of interrupted writers of `path`. Call it only while nothing writes to `path`. */
export async function removePartialFiles(path: string): Promise<void> {
  const start = `${basename(path)}.`;
  for (const name of await readdir(dirname(path))) {
    if (name.startsWith(start) && name.endsWith(PARTIAL_SUFFIX)) await rm(join(dirname(path), name), { force: true });
  }
}
