import type { TaskBinding } from "../db/schema/index.ts";
import { DatasetFileError } from "../datasets/file/layout.ts";
import { type DatasetReader, openDatasetFile } from "../datasets/file/reader.ts";
import type { SliceColumns } from "../hosts/host.ts";
import { TaskError } from "./task-error.ts";
import { isMissing } from "../files/is-missing.ts";

/** A binding with its index among the inputs or outputs of the template. */
export interface PlacedBinding extends TaskBinding {
  index: number;
}

interface Column {
  index: number;
  width: number;
  group: string;
  reader: DatasetReader;
}

export interface SliceRows {
  /** Rows per window, as in `RequestSlice`. */
  timeLength: number;
  inputs: SliceColumns[];
  expected: SliceColumns[];
}

/** Reads the rows of a task's datasets, slice by slice. */
export class SliceSource {
  readonly #readers: Map<string, DatasetReader>;
  readonly #inputs: Column[];
  readonly #expected: Column[];
  readonly #timeLength: number;
  /** Cycles after which the rows start again. */
  readonly period: number;

  private constructor(
    readers: Map<string, DatasetReader>,
    columns: { inputs: Column[]; expected: Column[] },
    { rows, timeLength }: { rows: number; timeLength: number },
  ) {
    this.#readers = readers;
    this.#inputs = columns.inputs;
    this.#expected = columns.expected;
    this.#timeLength = timeLength;
    this.period = rows - timeLength + 1;
  }

  /**
   * Opens each dataset once. Throws TaskError when a dataset is missing, damaged, shorter than `rows`, or lacks a
   * column that existed when the task was created.
   */
  static async open(
    path: (datasetUuid: string) => string,
    plan: { inputs: PlacedBinding[]; expected: PlacedBinding[]; rows: number; timeLength: number },
  ): Promise<SliceSource> {
    const readers = new Map<string, DatasetReader>();
    const place = async (binding: PlacedBinding): Promise<Column> => {
      const { dataset_uuid: uuid, dataset_column: group, index } = binding;
      const reader = readers.get(uuid) ?? (await openDataset(path(uuid), uuid));
      readers.set(uuid, reader);
      const range = reader.group(group);
      if (range === undefined) throw new TaskError(`Dataset with uuid '${uuid}' has no column with name '${group}'`);
      if (reader.rowCount < plan.rows) {
        throw new TaskError(`Dataset with uuid '${uuid}' has ${reader.rowCount} rows, but ${plan.rows} are needed`);
      }
      return { index, width: range.column_end - range.column_start, group, reader };
    };
    try {
      const inputs: Column[] = [];
      const expected: Column[] = [];
      for (const binding of plan.inputs) inputs.push(await place(binding));
      for (const binding of plan.expected) expected.push(await place(binding));
      return new SliceSource(readers, { inputs, expected }, plan);
    } catch (error) {
      for (const reader of readers.values()) await reader.close();
      throw error;
    }
  }

  /** Approximate memory of one cycle's rows. */
  get bytesPerCycle(): number {
    const bytes = ({ width, reader }: Column) => width * (reader.type === "uint8" ? 1 : 4);
    const sum = (columns: Column[]) => columns.reduce((total, column) => total + bytes(column), 0);
    // Where the rows wrap around, windows are stored one by one.
    return sum(this.#inputs) * this.#timeLength + sum(this.#expected);
  }

  /**
   * Reads the rows of `cycles` cycles from `firstCycle` on into fresh buffers. After the last row the first one
   * follows; a slice that wraps around consists of whole windows, and its `timeLength` is 1.
   */
  async read(firstCycle: number, cycles: number): Promise<SliceRows> {
    const row = firstCycle % this.period;
    if (row + cycles > this.period) return this.readSamples(firstCycle, cycles);
    const inputs = await eachInTurn(this.#inputs, (column) => read(column, row, cycles + this.#timeLength - 1));
    const expected = await eachInTurn(this.#expected, (column) => read(column, row, cycles));
    return { timeLength: this.#timeLength, inputs, expected };
  }

  /** Like `read`, but stores every sample as a whole window in one row: `timeLength` is 1. */
  async readSamples(firstCycle: number, cycles: number): Promise<SliceRows> {
    const take = (columns: Column[], timeLength: number): Promise<SliceColumns[]> =>
      eachInTurn(columns, (column) => this.#readSamples(column, { row: firstCycle % this.period, cycles, timeLength }));
    const inputs = await take(this.#inputs, this.#timeLength);
    const expected = await take(this.#expected, 1);
    return { timeLength: 1, inputs, expected };
  }

  /** The windows of consecutive cycles, which may wrap around after the last row. */
  async #readSamples(
    column: Column,
    { row, cycles, timeLength }: { row: number; cycles: number; timeLength: number },
  ): Promise<SliceColumns> {
    const { index, width } = column;
    const period = this.period;
    const all = cycles > period ? await read(column, 0, period + timeLength - 1) : null;
    const window = width * timeLength;
    const values = column.reader.type === "uint8" ? new Uint8Array(cycles * window) : new Float32Array(cycles * window);
    for (let done = 0, start = row; done < cycles; start = 0) {
      const count = Math.min(cycles - done, period - start);
      const { rows } = all ?? (await read(column, start, count + timeLength - 1));
      const first = all === null ? 0 : start;
      for (let cycle = 0; cycle < count; cycle++) {
        const from = (first + cycle) * width;
        values.set(rows.subarray(from, from + window), (done + cycle) * window);
      }
      done += count;
    }
    return { index, width: window, rows: values };
  }

  /** First table row of each of these cycles. */
  order(firstCycle: number, cycles: number): Uint32Array<ArrayBuffer> {
    return Uint32Array.from({ length: cycles }, (_, i) => (firstCycle + i) % this.period);
  }

  /** Number of rows of the whole table. */
  get rows(): number {
    return this.period + this.#timeLength - 1;
  }

  /** Rows in table order. */
  async readRows(first: number, count: number): Promise<SliceRows> {
    const inputs = await eachInTurn(this.#inputs, (column) => read(column, first, count));
    const expected = await eachInTurn(this.#expected, (column) => read(column, first, count));
    return { timeLength: this.#timeLength, inputs, expected };
  }

  /** Copies whole samples to `target`, a buffer of `makeRoom`, after its first `done` samples. */
  async fillSamples(
    target: SliceRows,
    done: number,
    { first, count }: { first: number; count: number },
  ): Promise<void> {
    // Windows of one row are stored in the file as needed.
    const isPlain = this.#timeLength === 1 && first + count <= this.period;
    const read = isPlain ? null : await this.readSamples(first, count);
    const fill = async (columns: Column[], into: SliceColumns[], from: SliceColumns[] | undefined) => {
      for (const [i, column] of columns.entries()) {
        const { rows, width } = into[i] as SliceColumns;
        const place = rows.subarray(done * width, (done + count) * width);
        if (from === undefined) await fillRows(column, place, { first, count });
        else place.set((from[i] as SliceColumns).rows);
      }
    };
    await fill(this.#inputs, target.inputs, read?.inputs);
    await fill(this.#expected, target.expected, read?.expected);
  }

  /** Allocates a buffer for whole samples. */
  makeRoom(cycles: number): SliceRows {
    const room = ({ index, width: columns, reader }: Column, timeLength: number): SliceColumns => {
      const width = columns * timeLength;
      const length = cycles * width;
      return { index, width, rows: reader.type === "uint8" ? new Uint8Array(length) : new Float32Array(length) };
    };
    return {
      timeLength: 1,
      inputs: this.#inputs.map((column) => room(column, this.#timeLength)),
      expected: this.#expected.map((column) => room(column, 1)),
    };
  }

  async close(): Promise<void> {
    for (const reader of this.#readers.values()) await reader.close();
  }
}

/** Runs an action on each item, one after the other. */
async function eachInTurn<Item, Result>(items: Item[], act: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (const item of items) results.push(await act(item));
  return results;
}

async function openDataset(path: string, uuid: string): Promise<DatasetReader> {
  try {
    return await openDatasetFile(path);
  } catch (error) {
    const gone = isMissing(error);
    if (gone) throw new TaskError(`Dataset with uuid '${uuid}' not found`, { cause: error });
    throw unreadable(uuid, error);
  }
}

async function read({ reader, group, index, width }: Column, first: number, count: number): Promise<SliceColumns> {
  try {
    return { index, width, rows: await reader.readGroup(group, first, count) };
  } catch (error) {
    throw unreadable(reader.name, error);
  }
}

async function fillRows(
  { reader, group }: Column,
  target: SliceColumns["rows"],
  { first, count }: { first: number; count: number },
): Promise<void> {
  try {
    await reader.fillGroup(target, group, first, count);
  } catch (error) {
    throw unreadable(reader.name, error);
  }
}

function unreadable(dataset: string, error: unknown): unknown {
  if (!(error instanceof DatasetFileError)) return error;
  return new TaskError(`Dataset '${dataset}' can not be read: ${error.message}`, { cause: error });
}
