import { randomUUID } from "node:crypto";
import { open, readdir, rename, rm, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { syncFolder, writeFully } from "../../files/durable-file.ts";
import { checkSpace } from "../../files/free-space.ts";
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

/** End of the name of every file that is still being written; what carries it at start is left over and swept. */
export const PARTIAL_SUFFIX = ".partial";

/** Whoever opens the file reads all their names, within some 20 ms. */
const MAX_GROUPS = 65_536;

type Rows = Uint8Array | Float32Array;

/**
 * Writes a dataset file as a stream; holds one chunk (about 4 MiB) in memory. Calls must be awaited one after another.
 * Nothing appears under the final name before `finish` has made it durable. After a failed call only `abort` is valid.
 */
export interface DatasetWriter {
  readonly rowCount: number;
  /** Whole rows, row by row: the length is a multiple of the column count. Any number of rows at a time. */
  append(rows: Rows): Promise<void>;
  /** Whole rows as one array per group, in the order of the groups: `[rowCount × width of the group]` each. */
  appendGroups(rowCount: number, groups: readonly Rows[]): Promise<void>;
  /** Syncs and renames; replaces a file of this name at once. Returns the file's size in bytes. */
  finish(): Promise<number>;
  /** Removes what was written. Harmless after `finish` or a second time. */
  abort(): Promise<void>;
}

interface DatasetOptions {
  name: string;
  type: ElementType;
  groups: readonly ColumnGroup[];
  /** Unlimited when left out. */
  rowsMax?: number | undefined;
  /** Of all values together. Unlimited when left out. */
  bytesMax?: number | undefined;
}

/**
 * Starts a dataset file next to `path`. `groups` follow each other from column 0 on, without gap, with distinct names;
 * otherwise throws DatasetFileError. The byte order of the machine must be little endian.
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
  /** The segments of `#chunk`, as if it were full. */
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
          // A table of single columns: a view per value would cost more than the value.
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
      // Only the last chunk can be short: its segments move together.
      const from = checksumBytes + rowsPerChunk * column_start * valueBytes;
      if (from !== start) this.#chunk.copyWithin(start, from, from + bytes);
      this.#chunk.writeUInt32LE(crc32(this.#chunk.subarray(start, start + bytes)), 4 * index);
    }
    const chunk = this.#chunk.subarray(0, chunkBytes(this.#header, rows));
    await writeFully(this.#handle, chunk, this.#position);
    this.#position += chunk.length;
    this.#rowsInChunk = 0;
  }

  async finish(): Promise<number> {
    await this.#flush();
    this.#header.fileBytes = totalBytes(this.#header, this.#metadata.length);
    await writeFully(this.#handle, this.#metadata, HEADER_BYTES);
    // A file without chunks ends with the padding, which nothing else has written.
    await this.#handle.truncate(this.#header.fileBytes);
    await this.#handle.sync();
    // The header comes after everything it vouches for is on disk.
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

/** Removes what interrupted writers of `path` left. Only for paths that nobody is writing to. */
export async function removePartialFiles(path: string): Promise<void> {
  const start = `${basename(path)}.`;
  for (const name of await readdir(dirname(path))) {
    if (name.startsWith(start) && name.endsWith(PARTIAL_SUFFIX)) await rm(join(dirname(path), name), { force: true });
  }
}
