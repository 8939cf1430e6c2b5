import { fieldAt } from "../arrow-messages.ts";

/** A few tables may share a list or text; a file that shares them thousands of times is malicious. */
const SHARES = 4;

/** Bytes of lists and texts that may still be read. */
interface Budget {
  left: number;
}

/** Position and number of a list's items. */
interface Vector {
  start: number;
  length: number;
}

/**
 * A table of a FlatBuffer, the format of Arrow's metadata. Fields have the numbers of Arrow's Schema.fbs, Message.fbs
 * and File.fbs. Throws RangeError for everything outside of the buffer, and when more is read than the buffer's length
 * justifies.
 */
export class FlatTable {
  readonly #view: DataView;
  readonly #position: number;
  readonly #budget: Budget;

  private constructor(view: DataView, position: number, budget: Budget) {
    this.#view = view;
    this.#position = position;
    this.#budget = budget;
  }

  static root(bytes: Uint8Array): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return new FlatTable(view, view.getUint32(0, true), { left: SHARES * bytes.length });
  }

  byte(field: number, byDefault = 0): number {
    const at = this.#at(field);
    return at === undefined ? byDefault : this.#view.getUint8(at);
  }

  short(field: number, byDefault = 0): number {
    const at = this.#at(field);
    return at === undefined ? byDefault : this.#view.getInt16(at, true);
  }

  int(field: number, byDefault = 0): number {
    const at = this.#at(field);
    return at === undefined ? byDefault : this.#view.getInt32(at, true);
  }

  /** A 64-bit number. */
  long(field: number, byDefault = 0): number {
    const at = this.#at(field);
    return at === undefined ? byDefault : this.#long(at);
  }

  table(field: number): FlatTable | undefined {
    const at = this.#at(field);
    return at === undefined ? undefined : this.#tableAt(this.#target(at));
  }

  *tables(field: number): Generator<FlatTable> {
    const { start, length } = this.#vector(field, 4);
    for (let index = 0; index < length; index++) yield this.#tableAt(this.#target(start + 4 * index));
  }

  /** A list of 64-bit numbers, or of structures with `numbers` of them. */
  longs(field: number, numbers = 1): number[] {
    const { start, length } = this.#vector(field, 8 * numbers);
    return Array.from({ length: length * numbers }, (_, index) => this.#long(start + 8 * index));
  }

  /** Length of a text in bytes; 0 when there is none. */
  textBytes(field: number): number {
    const at = this.#at(field);
    return at === undefined ? 0 : this.#view.getInt32(this.#target(at), true);
  }

  /** A text in UTF-8; invalid bytes become U+FFFD. */
  text(field: number): string {
    const { start, length } = this.#vector(field, 1);
    return Buffer.from(this.#view.buffer as ArrayBuffer, this.#view.byteOffset + start, length).toString("utf8");
  }

  #at(field: number): number | undefined {
    return fieldAt(this.#view, this.#position, field);
  }

  /** Target of the offset at a position. */
  #target(position: number): number {
    return position + this.#view.getUint32(position, true);
  }

  #tableAt(position: number): FlatTable {
    return new FlatTable(this.#view, position, this.#budget);
  }

  #long(position: number): number {
    const value = Number(this.#view.getBigInt64(position, true));
    if (!Number.isSafeInteger(value)) throw new RangeError(`a number is ${value}`);
    return value;
  }

  #vector(field: number, itemBytes: number): Vector {
    const at = this.#at(field);
    if (at === undefined) return { start: 0, length: 0 };
    const position = this.#target(at);
    const length = this.#view.getUint32(position, true);
    const bytes = 4 + length * itemBytes;
    this.#budget.left -= bytes;
    if (position + bytes > this.#view.byteLength || this.#budget.left < 0) {
      throw new RangeError("a list is longer than its metadata");
    }
    return { start: position + 4, length };
  }
}
