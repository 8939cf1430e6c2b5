import { decompressZstd } from "hyparquet-compressors";
import { MAX_CELL_LENGTH } from "./csv-reader.ts";
import type { ArrowColumn, ArrowNumbers, ArrowSchema } from "./arrow-schema.ts";
import type { FlatTable } from "./flat-buffer.ts";
import { ImportError } from "./import-job.ts";
import { decodeLz4Frame } from "./lz4-frame.ts";
import { swapBytes } from "./read-file.ts";
import type { ColumnValues } from "./table-sink.ts";

/** Size limit of one record batch in memory, before and after decompression. */
export const MAX_BATCH_BYTES = 256 * 1024 * 1024;
/** A compressed buffer is preceded by its uncompressed size, or by −1 when it is stored uncompressed. */
const SIZE_BYTES = 8;
const NOT_COMPRESSED = -1;

/** Fields of the tables of Message.fbs. */
const batchField = { length: 0, nodes: 1, buffers: 2, compression: 3, variadicCounts: 4 } as const;
const compressionField = { codec: 0, method: 1 } as const;

type Decompress = (input: Uint8Array, output: Uint8Array) => void;
const codecs: Record<number, Decompress> = {
  0: decodeLz4Frame,
  1: (input, output) => {
    if (decompressZstd(input, output).length !== output.length) throw new RangeError("a buffer has another size");
  },
};

export interface ArrowRows {
  count: number;
  /** One array per column. */
  values: ColumnValues[];
}

/**
 * Reads the values of a record batch. Nulls in lists become 0; `onMissing` gets their column and row, counted from 0.
 * `texts` are those of the dictionaries. Throws
 * ImportError when batch and schema do not match, RangeError when something lies outside of the body.
 */
export function readBatch(
  batch: FlatTable,
  body: Uint8Array<ArrayBuffer>,
  schema: ArrowSchema,
  {
    onMissing,
    texts,
  }: { onMissing: (column: ArrowColumn, row: number) => void; texts: ReadonlyMap<number, readonly string[]> },
): ArrowRows {
  const parts = new BatchParts(batch, body);
  const count = batch.long(batchField.length);
  if (count < 0) throw new RangeError(`a record batch has ${count} rows`);
  const values = schema.columns.map((column) => {
    const reader = new ColumnReader(parts, column, schema.isBigEndian);
    if (column.cells === "text") return reader.readTexts(count, texts);
    return reader.read(count, (row) => onMissing(column, row));
  });
  parts.checkEnd();
  return { count, values };
}

/** Reads the texts of a dictionary; a null is an empty one. Throws like `readBatch`. */
export function readDictionary(
  batch: FlatTable,
  body: Uint8Array<ArrayBuffer>,
  column: ArrowColumn,
  { isBigEndian }: ArrowSchema,
): string[] {
  const parts = new BatchParts(batch, body);
  const count = batch.long(batchField.length);
  if (count < 0) throw new RangeError(`a dictionary has ${count} texts`);
  const texts = new ColumnReader(parts, column, isBigEndian).readTexts(count, new Map());
  parts.checkEnd();
  return Array.from(texts, (text) => String(text ?? ""));
}

interface Node {
  length: number;
  nullCount: number;
}

/** Hands out the nodes and buffers of a record batch one after another. */
class BatchParts {
  readonly #nodes: number[];
  readonly #buffers: number[];
  readonly #body: Uint8Array<ArrayBuffer>;
  readonly #decompress: Decompress | undefined;
  #node = 0;
  #buffer = 0;
  /** Bytes that may still be read from the body. */
  #left = MAX_BATCH_BYTES;

  constructor(batch: FlatTable, body: Uint8Array<ArrayBuffer>) {
    this.#nodes = batch.longs(batchField.nodes, 2);
    this.#buffers = batch.longs(batchField.buffers, 2);
    this.#body = body;
    // Only view columns have variadic buffers.
    if (batch.longs(batchField.variadicCounts).length > 0) throw new RangeError("a record batch has variadic buffers");
    const compression = batch.table(batchField.compression);
    if (compression === undefined) return;
    const codec = compression.byte(compressionField.codec);
    const method = compression.byte(compressionField.method);
    this.#decompress = method === 0 ? codecs[codec] : undefined;
    if (this.#decompress === undefined) {
      throw new ImportError(
        `the file is compressed with codec ${codec}, method ${method}; only LZ4 and ZSTD are possible`,
      );
    }
  }

  node(): Node {
    const [length, nullCount] = this.#nodes.slice(this.#node, this.#node + 2);
    if (length === undefined || nullCount === undefined) throw new RangeError("a record batch has too few columns");
    this.#node += 2;
    return { length, nullCount };
  }

  buffer(): Uint8Array<ArrayBuffer> {
    const [start, bytes] = this.#buffers.slice(this.#buffer, this.#buffer + 2);
    if (start === undefined || bytes === undefined) throw new RangeError("a record batch has too few buffers");
    this.#buffer += 2;
    if (start < 0 || bytes < 0 || start + bytes > this.#body.length) throw new RangeError("a buffer ends too late");
    const buffer = this.#body.subarray(start, start + bytes);
    return bytes === 0 || this.#decompress === undefined ? buffer : this.#inflate(buffer, this.#decompress);
  }

  #inflate(buffer: Uint8Array<ArrayBuffer>, decompress: Decompress): Uint8Array<ArrayBuffer> {
    const size = Number(new DataView(buffer.buffer, buffer.byteOffset, buffer.length).getBigInt64(0, true));
    const stored = buffer.subarray(SIZE_BYTES);
    if (size === NOT_COMPRESSED) return stored;
    this.take(size);
    const output = new Uint8Array(size);
    try {
      if (size > 0) decompress(stored, output);
    } catch (error) {
      throw new RangeError((error as Error).message);
    }
    return output;
  }

  /** Counts bytes read from the body. Throws ImportError beyond the limit. */
  take(bytes: number): void {
    this.#left -= bytes;
    if (bytes >= 0 && this.#left >= 0) return;
    throw new ImportError(`a record batch has more than ${MAX_BATCH_BYTES} bytes; write smaller ones`);
  }

  checkEnd(): void {
    if (this.#node < this.#nodes.length) throw new RangeError("a record batch has more columns than its schema");
    if (this.#buffer < this.#buffers.length) throw new RangeError("a record batch has more buffers than its schema");
  }
}

/** Reads one column of a record batch. */
class ColumnReader {
  readonly #parts: BatchParts;
  readonly #column: ArrowColumn;
  readonly #isBigEndian: boolean;

  constructor(parts: BatchParts, column: ArrowColumn, isBigEndian: boolean) {
    this.#parts = parts;
    this.#column = column;
    this.#isBigEndian = isBigEndian;
  }

  read(rows: number, onMissing: (row: number) => void): ColumnValues {
    const { width, isList } = this.#column;
    const count = rows * width;
    const lists = isList ? this.#takeNulls(rows) : undefined;
    // For a slice of a longer table, some writers keep the items of the whole table.
    const items = this.#takeNulls(count, isList ? Infinity : count);
    const values = this.#takeValues(count);
    if (!isList) return this.#cells(values, items);
    if (lists === undefined && items === undefined) return values;
    const cleared = values.slice();
    const zero = (cleared instanceof BigInt64Array || cleared instanceof BigUint64Array ? 0n : 0) as never;
    for (let row = 0, at = 0; row < rows; row++) {
      const isNull = lists !== undefined && isMissing(lists, row);
      if (isNull) onMissing(row);
      for (let item = 0; item < width; item++, at++) {
        if (!isNull && (items === undefined || !isMissing(items, at))) continue;
        cleared[at] = zero;
        if (!isNull) onMissing(row);
      }
    }
    return cleared;
  }

  /** Numbers or seconds, with null where a bit is 0. */
  #cells(values: ArrowNumbers, bits: Uint8Array | undefined): ColumnValues {
    const { perSecond } = this.#column;
    if (bits === undefined && perSecond === undefined) return values;
    return Array.from(values as ArrayLike<number | bigint>, (value, row) => {
      if (bits !== undefined && isMissing(bits, row)) return null;
      return perSecond === undefined ? value : Number(value) / perSecond;
    });
  }

  readTexts(rows: number, dictionaries: ReadonlyMap<number, readonly string[]>): ColumnValues {
    const { dictionary } = this.#column;
    const bits = this.#takeNulls(rows);
    const isNull = (row: number) => bits !== undefined && isMissing(bits, row);
    if (dictionary !== undefined) {
      const texts = dictionaries.get(dictionary) ?? [];
      const indices = this.#takeValues(rows);
      return Array.from(indices as ArrayLike<number | bigint>, (index, row) =>
        isNull(row) ? null : this.#textAt(texts, Number(index)),
      );
    }
    const ends = this.#takeOffsets(rows);
    const bytes = this.#parts.buffer();
    this.#parts.take(bytes.length);
    const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    return Array.from({ length: rows }, (_, row) => {
      const [start, end] = [Number(ends[row]), Number(ends[row + 1])];
      if (isNull(row)) return null;
      if (!(start >= 0 && end >= start && end <= data.length)) throw new RangeError("a text ends too late");
      if (end - start > MAX_CELL_LENGTH) {
        throw new ImportError(`column '${this.#column.name}' has a text of ${end - start} bytes`);
      }
      return data.toString("utf8", start, end);
    });
  }

  #textAt(texts: readonly string[], index: number): string {
    const text = texts[index];
    if (text === undefined) throw new RangeError(`column '${this.#column.name}' has an index beyond its dictionary`);
    return text;
  }

  /** The start of each text, and the end of the last one. */
  #takeOffsets(rows: number): Int32Array | BigInt64Array {
    const bytes = this.#parts.buffer();
    const item = this.#column.item === "large text" ? BigInt64Array : Int32Array;
    // Of an empty column, some writers leave out the only offset.
    if (rows === 0 && bytes.length < item.BYTES_PER_ELEMENT) return new item(1);
    return this.#numbers(bytes, item, rows + 1) as Int32Array | BigInt64Array;
  }

  /** One bit for each of `count` items, 0 for null; undefined when none is null. */
  #takeNulls(count: number, lengthMax = count): Uint8Array | undefined {
    const { length, nullCount } = this.#parts.node();
    const bits = this.#parts.buffer();
    if (length < count) throw this.#endsEarly();
    if (length > lengthMax) {
      throw new ImportError(`column '${this.#column.name}' has ${length} values in a record batch of ${count} rows`);
    }
    // The buffer may be present even without nulls.
    if (nullCount === 0 || count === 0) return undefined;
    if (bits.length === 0 && nullCount < 0) return undefined;
    if (8 * bits.length < count) throw this.#endsEarly();
    return bits;
  }

  #takeValues(count: number): ArrowNumbers {
    const { item } = this.#column;
    const bytes = this.#parts.buffer();
    if (item === "bits") {
      if (8 * bytes.length < count) throw this.#endsEarly();
      this.#parts.take(count);
      const values = new Uint8Array(count);
      for (let index = 0; index < count; index++) values[index] = isMissing(bytes, index) ? 0 : 1;
      return values;
    }
    if (typeof item === "string") throw new RangeError("a column of texts has no numbers");
    return this.#numbers(bytes, item, count);
  }

  #numbers(bytes: Uint8Array<ArrayBuffer>, item: Exclude<ArrowColumn["item"], string>, count: number): ArrowNumbers {
    const size = item.BYTES_PER_ELEMENT;
    if (bytes.length < count * size) throw this.#endsEarly();
    this.#parts.take(count * size);
    const used = bytes.subarray(0, count * size);
    const isUnfit = used.byteOffset % size !== 0 || this.#isBigEndian;
    const fit = isUnfit ? used.slice() : used;
    if (this.#isBigEndian) swapBytes(fit, size);
    return new item(fit.buffer, fit.byteOffset, count);
  }

  #endsEarly(): ImportError {
    return new ImportError(`column '${this.#column.name}' ends too early`);
  }
}

/** Whether a bit is 0. */
const isMissing = (bits: Uint8Array, index: number) => (((bits[index >> 3] as number) >> (index & 7)) & 1) === 0;
