import { open, type FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { decodeTrailer, MAX_TRAILER_BYTES, type ColumnFacts } from "./columns.ts";
import {
  chunkBytes,
  DatasetFileError,
  dataStart,
  decodeHeader,
  decodeMetadataBytes,
  elementBytes,
  HEADER_BYTES,
  type ColumnGroup,
  type DatasetHeader,
  type ElementType,
} from "./layout.ts";
import { verifiedSegments } from "./verified-segments.ts";

export type Values = Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

/** An open dataset file. It stays readable after the dataset is deleted or replaced. */
export interface DatasetReader {
  readonly name: string;
  readonly rowCount: number;
  readonly columnCount: number;
  readonly type: ElementType;
  readonly groups: readonly ColumnGroup[];
  /**
   * What is known about the cells of each group; undefined for plain numbers: of groups, and of files without facts.
   */
  readonly columns: readonly (ColumnFacts | undefined)[];
  /** A column group by its name. */
  group(name: string): ColumnGroup | undefined;
  /**
   * Reads `[rowCount × width of the group]` values from `firstRow` on into a new, transferable buffer. Reads only the
   * segments that contain them, and verifies each segment's checksum on first use in this process. A missing cell is 0,
   * a category its code, a time its seconds after the column's origin. Throws RangeError for an unknown group or rows
   * beyond the end, DatasetFileError for damaged data.
   */
  readGroup(name: string, firstRow: number, rowCount: number): Promise<Values>;
  /** Like `readGroup`, into `target`, which has the dataset's type. */
  fillGroup(target: Uint8Array | Float32Array, name: string, firstRow: number, rowCount: number): Promise<void>;
  /**
   * Like `fillGroup`, as 32-bit floats of any dataset, and a missing cell is NaN. The codes of categories are checked.
   */
  fillCells(target: Float32Array, name: string, firstRow: number, rowCount: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a file. Throws DatasetFileError when magic, version, sizes or the header's checksum are wrong; ENOENT as Node
 * does.
 */
export async function openDatasetFile(path: string): Promise<DatasetReader> {
  const handle = await open(path, "r");
  try {
    const start = Buffer.alloc(HEADER_BYTES);
    const { size } = await handle.stat();
    if (size < HEADER_BYTES) throw new DatasetFileError("not a finished dataset file");
    await readFully(handle, start, 0);
    const metadata = Buffer.alloc(Math.min(decodeMetadataBytes(start), size - HEADER_BYTES));
    await readFully(handle, metadata, HEADER_BYTES);
    const header = decodeHeader(start, metadata, size);
    const columns = await readColumns(handle, header);
    const chunks = Math.ceil(header.rowCount / header.rowsPerChunk);
    const verified = await verifiedSegments(handle, chunks * header.groups.length);
    return new FileReader(handle, header, { dataStart: dataStart(metadata.length), verified, columns });
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readColumns(handle: FileHandle, header: DatasetHeader): Promise<(ColumnFacts | undefined)[]> {
  const { groups, fileBytes, trailerBytes, trailerChecksum } = header;
  if (trailerBytes === 0) return groups.map(() => undefined);
  if (trailerBytes > MAX_TRAILER_BYTES) throw new DatasetFileError("the trailer is too big");
  const trailer = Buffer.alloc(trailerBytes);
  await readFully(handle, trailer, fileBytes - trailerBytes);
  if (crc32(trailer) !== trailerChecksum) throw new DatasetFileError("the trailer's checksum does not match");
  return decodeTrailer(trailer, header);
}

class FileReader implements DatasetReader {
  readonly #handle: FileHandle;
  readonly #header: DatasetHeader;
  readonly #dataStart: number;
  /** Index of every group by its name. */
  readonly #index: Map<string, number>;
  /** One bit per verified segment, shared with other readers of the file. */
  readonly #verified: Uint8Array;
  readonly columns: readonly (ColumnFacts | undefined)[];
  /** Reused buffer for verification: allocating one per segment would keep the garbage collector busy. */
  #spare: Uint8Array | null = null;

  constructor(
    handle: FileHandle,
    header: DatasetHeader,
    file: { dataStart: number; verified: Uint8Array; columns: readonly (ColumnFacts | undefined)[] },
  ) {
    this.#handle = handle;
    this.#header = header;
    this.#dataStart = file.dataStart;
    this.#verified = file.verified;
    this.columns = file.columns;
    this.#index = new Map(header.groups.map((group, index) => [group.name, index]));
  }

  get name() {
    return this.#header.name;
  }
  get rowCount() {
    return this.#header.rowCount;
  }
  get columnCount() {
    return this.#header.columnCount;
  }
  get type() {
    return this.#header.type;
  }
  get groups() {
    return this.#header.groups;
  }

  group(name: string): ColumnGroup | undefined {
    const index = this.#index.get(name);
    return index === undefined ? undefined : this.#header.groups[index];
  }

  async readGroup(name: string, firstRow: number, rowCount: number): Promise<Values> {
    const { width } = this.#group(name, firstRow, rowCount);
    const length = rowCount * width;
    const target = this.type === "uint8" ? new Uint8Array(length) : new Float32Array(length);
    await this.fillGroup(target, name, firstRow, rowCount);
    return target;
  }

  async fillGroup(values: Uint8Array | Float32Array, name: string, firstRow: number, rowCount: number): Promise<void> {
    const index = await this.#fill(values, name, firstRow, rowCount);
    if ((this.columns[index]?.missing ?? 0) === 0) return;
    for (let at = 0; at < rowCount; at++) if (Number.isNaN(values[at])) values[at] = 0;
  }

  async fillCells(target: Float32Array, name: string, firstRow: number, rowCount: number): Promise<void> {
    if (this.type === "float32") await this.#fill(target, name, firstRow, rowCount);
    else target.set(await this.readGroup(name, firstRow, rowCount));
    const facts = this.columns[this.#index.get(name) as number];
    if (facts?.kind !== "category") return;
    const { length } = facts.categories;
    for (let at = 0; at < rowCount; at++) {
      const code = target[at] as number;
      if (Number.isNaN(code) || (Number.isInteger(code) && code >= 0 && code < length)) continue;
      throw new DatasetFileError(`column '${name}' has the code ${code}, but only ${length} categories`);
    }
  }

  /** Reads the values as they are stored. Returns the index of the group. */
  async #fill(values: Uint8Array | Float32Array, name: string, firstRow: number, rowCount: number): Promise<number> {
    const { rowsPerChunk, type } = this.#header;
    const { index, width } = this.#group(name, firstRow, rowCount);
    const rowBytes = width * elementBytes(type);
    const result = new Uint8Array(values.buffer, values.byteOffset, rowCount * rowBytes);
    for (let row = firstRow; row < firstRow + rowCount;) {
      const chunk = Math.floor(row / rowsPerChunk);
      const rowInChunk = row - chunk * rowsPerChunk;
      const rows = Math.min(firstRow + rowCount - row, rowsPerChunk - rowInChunk);
      const target = result.subarray((row - firstRow) * rowBytes, (row - firstRow + rows) * rowBytes);
      await this.#readSegment(chunk, index, rowInChunk * rowBytes, target);
      row += rows;
    }
    return index;
  }

  /** A group's index and width. Throws RangeError for an unknown group or rows beyond the end. */
  #group(name: string, firstRow: number, rowCount: number): { index: number; width: number } {
    const index = this.#index.get(name);
    if (index === undefined) throw new RangeError(`no column group '${name}'`);
    if (!(firstRow >= 0 && rowCount >= 0 && firstRow + rowCount <= this.rowCount)) {
      throw new RangeError(`rows ${firstRow} to ${firstRow + rowCount} of ${this.rowCount}`);
    }
    const { column_start, column_end } = this.#header.groups[index] as ColumnGroup;
    return { index, width: column_end - column_start };
  }

  /** Fills `target` with the bytes of a segment from `offset` on. */
  async #readSegment(chunk: number, index: number, offset: number, target: Uint8Array): Promise<void> {
    const { groups, rowCount, rowsPerChunk, type } = this.#header;
    const { column_start, column_end } = groups[index] as ColumnGroup;
    const chunkStart = this.#dataStart + chunk * chunkBytes(this.#header, rowsPerChunk);
    const rowsInChunk = Math.min(rowsPerChunk, rowCount - chunk * rowsPerChunk);
    const segmentStart = chunkStart + 4 * groups.length + rowsInChunk * column_start * elementBytes(type);
    const segmentBytes = rowsInChunk * (column_end - column_start) * elementBytes(type);

    const bit = chunk * groups.length + index;
    if (((this.#verified[bit >> 3] as number) >> (bit & 7)) & 1) {
      await readFully(this.#handle, target, segmentStart + offset);
      return;
    }
    const segment = target.length === segmentBytes ? target : this.#takeSpare(segmentBytes);
    await readFully(this.#handle, segment, segmentStart);
    const checksum = Buffer.alloc(4);
    await readFully(this.#handle, checksum, chunkStart + 4 * index);
    if (checksum.readUInt32LE() !== crc32(segment)) {
      throw new DatasetFileError(`the data of column group '${(groups[index] as ColumnGroup).name}' is damaged`);
    }
    this.#verified[bit >> 3] = (this.#verified[bit >> 3] as number) | (1 << (bit & 7));
    if (segment === target) return;
    target.set(segment.subarray(offset, offset + target.length));
    this.#spare = segment;
  }

  #takeSpare(bytes: number): Uint8Array {
    const spare = this.#spare;
    this.#spare = null;
    return spare?.length === bytes ? spare : new Uint8Array(bytes);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

async function readFully(handle: FileHandle, target: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < target.length;) {
    const { bytesRead } = await handle.read(target, done, target.length - done, position + done);
    if (bytesRead === 0) throw new DatasetFileError("the file ends too early");
    done += bytesRead;
  }
}
