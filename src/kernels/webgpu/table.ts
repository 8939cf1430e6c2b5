import type { NetworkModel } from "../../network/network-model.ts";
import { RunError, TABLE_PART_UNIT, TableError, type Rows, type TablePart, type TrainRun } from "../../network/run.ts";
import type { Gpu } from "./device.ts";
import { RowFeed, type Feed } from "./feed.ts";

/** Counts of a buffer's elements and bytes have 32 bits. */
const INDEX_MAX = 2 ** 32 - 1;

/** The rows of a task, kept on the device while the task runs, so that a batch only lists the rows that it takes. */
export class Table {
  readonly #feed: RowFeed;
  readonly #part: TablePart;
  #filled = 0;

  private constructor(feed: RowFeed, part: TablePart) {
    this.#feed = feed;
    this.#part = part;
  }

  /** Allocates a whole table; null if it exceeds `bytesMax` or the device's memory. */
  static async create(
    gpu: Gpu,
    part: TablePart,
    { outputs, bytesMax }: { outputs: number; bytesMax: number },
  ): Promise<Table | null> {
    const { rowsTotal, inputs } = part;
    const sizes = inputs.map(({ width, values }) => rowsTotal * width * values.BYTES_PER_ELEMENT);
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

  /** Returns the table if it is the run's and complete, else throws TableError. Throws RunError for missing rows. */
  static whole(table: Table | null, { key, order }: NonNullable<TrainRun["table"]>): Table {
    if (table === null || table.#part.key !== key || table.#filled < table.#part.rowsTotal)
      throw new TableError(`there is no table '${key}'`);
    const last = table.#part.rowsTotal - table.#part.timeLength;
    if (order.some((row) => row > last)) throw new RunError("a row that the table does not have");
    return table;
  }

  get bytes(): number {
    return this.#feed.bytes;
  }

  /** Appends the next rows. Throws RunError for a part out of order. */
  write(model: NetworkModel, part: TablePart): void {
    const { key, first, rows } = part;
    const isNext = key === this.#part.key && first === this.#filled && first % TABLE_PART_UNIT === 0;
    if (!isNext || first + rows > this.#part.rowsTotal) throw new RunError("a part of a table out of turn");
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

/** Index, width and type of an input's rows, without the rows. */
const headOf = ({ index, width, values }: Rows): Rows => ({
  index,
  width,
  values: values instanceof Uint8Array ? new Uint8Array(0) : new Float32Array(0),
});
