import { crc32 } from "node:zlib";
import { ImportError } from "./import-job.ts";

/** Types of Thrift's compact protocol. */
const type = {
  stop: 0,
  yes: 1,
  no: 2,
  byte: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  struct: 12,
};
/** Fields of a page header. */
const COMPRESSED_BYTES = 3;
const CRC = 4;
/** Key of a field in a nested structure: the outer structure's field first. */
const inner = (outer: number, field: number) => 65_536 * outer + field;
/** Number of values of a page, in both versions. */
const VALUES = [inner(5, 1), inner(8, 1)];
const DEPTH_MAX = 8;

/**
 * Throws ImportError when a page of a column chunk does not match its checksum, or the pages do not have exactly one
 * value or null for each of `rows`: the reader would take missing values as 0. The reader checks everything else.
 */
export function checkPages(chunk: Uint8Array, column: string, rows: number): void {
  const values = countValues(chunk, column);
  if (values !== rows) {
    throw new ImportError(`column '${column}' is damaged: its pages have ${values} values for ${rows} rows`);
  }
}

function countValues(chunk: Uint8Array, column: string): number {
  const reader = new ThriftReader(chunk);
  let values = 0;
  try {
    while (reader.position < chunk.length) {
      const header = reader.numbers();
      const bytes = header.get(COMPRESSED_BYTES);
      if (bytes === undefined || bytes < 0) return values;
      for (const field of VALUES) values += header.get(field) ?? 0;
      const page = chunk.subarray(reader.position, reader.position + bytes);
      const checksum = header.get(CRC);
      if (page.length === bytes && checksum !== undefined && crc32(page) !== checksum >>> 0) {
        throw new ImportError(`column '${column}' is damaged: the checksum of a page does not match`);
      }
      reader.position += bytes;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return values;
}

/** Reads Thrift's compact protocol. Throws RangeError beyond the end. */
class ThriftReader {
  readonly #view: DataView;
  position = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The 32-bit numbers of a structure and its nested structures, by field; everything else is skipped. */
  numbers(depth = 0): Map<number, number> {
    if (depth > DEPTH_MAX) throw new RangeError("structures in structures");
    const numbers = new Map<number, number>();
    let field = 0;
    for (;;) {
      const head = this.#byte();
      const kind = head & 15;
      if (kind === type.stop) return numbers;
      field = head >> 4 === 0 ? this.#zigzag() : field + (head >> 4);
      if (kind === type.i32) numbers.set(field, this.#zigzag());
      else if (kind === type.struct && depth === 0) {
        for (const [key, value] of this.numbers(1)) numbers.set(inner(field, key), value);
      } else this.#skip(kind, depth);
    }
  }

  #skip(kind: number, depth: number): void {
    if (kind === type.yes || kind === type.no) return;
    if (kind === type.byte) this.position++;
    else if (kind === type.double) this.position += 8;
    else if (kind === type.i16 || kind === type.i32 || kind === type.i64) this.#varint();
    else if (kind === type.binary) {
      const bytes = this.#varint();
      this.position += bytes;
    } else if (kind === type.struct) this.numbers(depth + 1);
    else if (kind === type.list || kind === type.set) this.#skipList(depth);
    else throw new RangeError(`type ${kind}`);
  }

  #skipList(depth: number): void {
    const head = this.#byte();
    const length = head >> 4 === 15 ? this.#varint() : head >> 4;
    const kind = head & 15;
    for (let item = 0; item < length; item++) {
      // In a list, each boolean takes a byte.
      if (kind === type.yes || kind === type.no) this.#byte();
      else this.#skip(kind, depth + 1);
    }
  }

  #byte(): number {
    return this.#view.getUint8(this.position++);
  }

  /** Exact up to 2^53. */
  #varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  #zigzag(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}
