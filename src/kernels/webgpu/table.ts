import type { NetworkModel } from "../../network/network-model.ts";
import type { Gpu } from "./device.ts";
import { RowFeed, TABLE_PART_ROWS, type Feed } from "./feed.ts";
import type { Rows } from "./run-rows.ts";

/** Rows of all columns that a task reads. */
export interface TablePart {
  /** Of the task. */
  key: string;
  /** Rows of the whole table, and the first one of this part: a multiple of TABLE_PART_ROWS. */
  rowsTotal: number;
  first: number;
  rows: number;
  /** Rows of a window. */
  timeLength: number;
  inputs: Rows[];
  expected: Rows[];
}

/** Cycle c reads rows order[c] … order[c] + timeLength − 1 of the inputs, and row order[c] of what is expected. */
export interface TableRun {
  key: string;
  order: Uint32Array;
}

/** The table that a run asks for is not on the device, or not the whole of it. Nothing has changed. */
export class TableError extends Error {
  override name = "TableError";
}

/** Elements and bytes of a buffer are counted in 32 bits. */
const INDEX_MAX = 2 ** 32 - 1;

/** The rows of a task, on the device for as long as it runs: a batch then only says which rows it takes. */
export class Table {
  readonly #feed: RowFeed;
  readonly #part: TablePart;
  #filled = 0;

  private constructor(feed: RowFeed, part: TablePart) {
    this.#feed = feed;
    this.#part = part;
  }

  /** Room for a whole table; null when that is more than `bytesMax`, or than the device has. */
  static async create(
    gpu: Gpu,
    part: TablePart,
    { outputs, bytesMax }: { outputs: number; bytesMax: number },
  ): Promise<Table | null> {
    const { rowsTotal, inputs } = part;
    const sizes = inputs.map(({ width, rows }) => rowsTotal * width * rows.BYTES_PER_ELEMENT);
    sizes.push(rowsTotal * outputs * 4);
    const largest = Math.min(gpu.maxBufferBytes, INDEX_MAX);
    if (sizes.some((bytes) => bytes > largest) || sizes.reduce((sum, bytes) => sum + bytes, 0) > bytesMax) return null;
    const feed = new RowFeed(gpu);
    try {
      await gpu.checked(() => feed.reserve(inputs, rowsTotal, outputs));
    } catch {
      feed.destroy();
      return null;
    }
    return new Table(feed, { ...part, inputs: inputs.map(headOf), expected: [] });
  }

  /** The table that a run asks for. Throws TableError when it is not this one. */
  static whole(table: Table | null, { key, order }: TableRun): Table {
    if (table === null || table.#part.key !== key || table.#filled < table.#part.rowsTotal)
      throw new TableError(`there is no table '${key}'`);
    const last = table.#part.rowsTotal - table.#part.timeLength;
    if (order.some((row) => row > last)) throw new RangeError("a row that the table does not have");
    return table;
  }

  get bytes(): number {
    return this.#feed.bytes;
  }

  /** Adds the next rows. */
  write(model: NetworkModel, part: TablePart): void {
    const { key, first, rows } = part;
    const isNext = key === this.#part.key && first === this.#filled && first % TABLE_PART_ROWS === 0;
    if (!isNext || first + rows > this.#part.rowsTotal) throw new RangeError("a part of a table out of turn");
    this.#feed.write(model, part, first, rows);
    this.#filled += rows;
  }

  pick(model: NetworkModel, order: Uint32Array): Feed {
    return this.#feed.pick(model, this.#part.inputs, order, this.#part.timeLength);
  }

  destroy(): void {
    this.#feed.destroy();
  }
}

/** What a column is like, without its rows. */
const headOf = ({ index, width, rows }: Rows): Rows => ({
  index,
  width,
  rows: rows instanceof Uint8Array ? new Uint8Array(0) : new Float32Array(0),
});
