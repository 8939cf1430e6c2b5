import type { TaskBinding } from "../db/schema/index.ts";
import { DatasetFileError } from "../datasets/file/layout.ts";
import { type DatasetReader, openDatasetFile } from "../datasets/file/reader.ts";
import type { Rows, RunRows } from "../network/run.ts";
import { TaskError } from "./task-error.ts";
import { isMissing } from "../files/is-missing.ts";

/** A binding with its index among the inputs or outputs of the template. */
export interface ResolvedBinding extends TaskBinding {
  index: number;
}

/** A column group with its place among the inputs or outputs of the template. */
interface BoundGroup {
  index: number;
  width: number;
  name: string;
  reader: DatasetReader;
}

/** Reads the rows of a task's datasets, slice by slice. */
export class SliceSource {
  readonly #readers: Map<string, DatasetReader>;
  readonly #inputs: BoundGroup[];
  readonly #expected: BoundGroup[];
  readonly #timeLength: number;
  /** Cycles after which the rows start again. */
  readonly period: number;

  private constructor(
    readers: Map<string, DatasetReader>,
    groups: { inputs: BoundGroup[]; expected: BoundGroup[] },
    { rows, timeLength }: { rows: number; timeLength: number },
  ) {
    this.#readers = readers;
    this.#inputs = groups.inputs;
    this.#expected = groups.expected;
    this.#timeLength = timeLength;
    this.period = rows - timeLength + 1;
  }

  /**
   * Opens each dataset once. Throws TaskError when a dataset is missing, damaged, shorter than `rows`, or lacks a
   * column that existed when the task was created.
   */
  static async open(
    path: (datasetUuid: string) => string,
    plan: { inputs: ResolvedBinding[]; expected: ResolvedBinding[]; rows: number; timeLength: number },
  ): Promise<SliceSource> {
    const readers = new Map<string, DatasetReader>();
    const bind = async (binding: ResolvedBinding): Promise<BoundGroup> => {
      const { dataset_uuid: uuid, dataset_column: name, index } = binding;
      const reader = readers.get(uuid) ?? (await openDataset(path(uuid), uuid));
      readers.set(uuid, reader);
      const range = reader.group(name);
      if (range === undefined) throw new TaskError(`Dataset with uuid '${uuid}' has no column with name '${name}'`);
      if (reader.rowCount < plan.rows) {
        throw new TaskError(`Dataset with uuid '${uuid}' has ${reader.rowCount} rows, but ${plan.rows} are needed`);
      }
      return { index, width: range.column_end - range.column_start, name, reader };
    };
    try {
      const inputs: BoundGroup[] = [];
      const expected: BoundGroup[] = [];
      for (const binding of plan.inputs) inputs.push(await bind(binding));
      for (const binding of plan.expected) expected.push(await bind(binding));
      return new SliceSource(readers, { inputs, expected }, plan);
    } catch (error) {
      for (const reader of readers.values()) await reader.close();
      throw error;
    }
  }

  /** Input values of one cycle. */
  get inputValues(): number {
    return this.#inputs.reduce((sum, { width }) => sum + width, 0) * this.#timeLength;
  }

  /** Approximate memory of one cycle's rows. */
  get bytesPerCycle(): number {
    const bytes = ({ width, reader }: BoundGroup) => width * (reader.type === "uint8" ? 1 : 4);
    const sum = (groups: BoundGroup[]) => groups.reduce((total, group) => total + bytes(group), 0);
    // Where the rows wrap around, windows are stored one by one.
    return sum(this.#inputs) * this.#timeLength + sum(this.#expected);
  }

  /**
   * Reads the rows of `cycles` cycles from `firstCycle` on into fresh buffers. After the last row the first one
   * follows; a slice that wraps around consists of whole windows, and its `timeLength` is 1.
   */
  async read(firstCycle: number, cycles: number): Promise<RunRows> {
    const row = firstCycle % this.period;
    if (row + cycles > this.period) return this.readSamples(firstCycle, cycles);
    const inputs = await eachInTurn(this.#inputs, (group) => read(group, row, cycles + this.#timeLength - 1));
    const expected = await eachInTurn(this.#expected, (group) => read(group, row, cycles));
    return { timeLength: this.#timeLength, inputs, expected };
  }

  /** Like `read`, but stores every sample as a whole window in one row: `timeLength` is 1. */
  async readSamples(firstCycle: number, cycles: number): Promise<RunRows> {
    const take = (groups: BoundGroup[], timeLength: number): Promise<Rows[]> =>
      eachInTurn(groups, (group) => this.#readSamples(group, { row: firstCycle % this.period, cycles, timeLength }));
    const inputs = await take(this.#inputs, this.#timeLength);
    const expected = await take(this.#expected, 1);
    return { timeLength: 1, inputs, expected };
  }

  /** The windows of consecutive cycles, which may wrap around after the last row. */
  async #readSamples(
    group: BoundGroup,
    { row, cycles, timeLength }: { row: number; cycles: number; timeLength: number },
  ): Promise<Rows> {
    const { index, width } = group;
    const period = this.period;
    const all = cycles > period ? await read(group, 0, period + timeLength - 1) : null;
    const window = width * timeLength;
    const values = group.reader.type === "uint8" ? new Uint8Array(cycles * window) : new Float32Array(cycles * window);
    for (let done = 0, start = row; done < cycles; start = 0) {
      const count = Math.min(cycles - done, period - start);
      const source = all ?? (await read(group, start, count + timeLength - 1));
      const first = all === null ? 0 : start;
      for (let cycle = 0; cycle < count; cycle++) {
        const from = (first + cycle) * width;
        values.set(source.values.subarray(from, from + window), (done + cycle) * window);
      }
      done += count;
    }
    return { index, width: window, values };
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
  async readRows(first: number, count: number): Promise<RunRows> {
    const inputs = await eachInTurn(this.#inputs, (group) => read(group, first, count));
    const expected = await eachInTurn(this.#expected, (group) => read(group, first, count));
    return { timeLength: this.#timeLength, inputs, expected };
  }

  /** Copies whole samples to `target`, a buffer of `makeRoom`, after its first `done` samples. */
  async fillSamples(target: RunRows, done: number, { first, count }: { first: number; count: number }): Promise<void> {
    // Windows of one row are stored in the file as needed.
    const isPlain = this.#timeLength === 1 && first + count <= this.period;
    const read = isPlain ? null : await this.readSamples(first, count);
    const fill = async (groups: BoundGroup[], into: Rows[], from: Rows[] | undefined) => {
      for (const [i, group] of groups.entries()) {
        const { values, width } = into[i] as Rows;
        const place = values.subarray(done * width, (done + count) * width);
        if (from === undefined) await fillRows(group, place, { first, count });
        else place.set((from[i] as Rows).values);
      }
    };
    await fill(this.#inputs, target.inputs, read?.inputs);
    await fill(this.#expected, target.expected, read?.expected);
  }

  /** Allocates a buffer for whole samples. */
  makeRoom(cycles: number): RunRows {
    const room = ({ index, width: columns, reader }: BoundGroup, timeLength: number): Rows => {
      const width = columns * timeLength;
      const length = cycles * width;
      return { index, width, values: reader.type === "uint8" ? new Uint8Array(length) : new Float32Array(length) };
    };
    return {
      timeLength: 1,
      inputs: this.#inputs.map((group) => room(group, this.#timeLength)),
      expected: this.#expected.map((group) => room(group, 1)),
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

async function read({ reader, name, index, width }: BoundGroup, first: number, count: number): Promise<Rows> {
  try {
    return { index, width, values: await reader.readGroup(name, first, count) };
  } catch (error) {
    throw unreadable(reader.name, error);
  }
}

async function fillRows(
  { reader, name }: BoundGroup,
  target: Rows["values"],
  { first, count }: { first: number; count: number },
): Promise<void> {
  try {
    await reader.fillGroup(target, name, first, count);
  } catch (error) {
    throw unreadable(reader.name, error);
  }
}

function unreadable(dataset: string, error: unknown): unknown {
  if (!(error instanceof DatasetFileError)) return error;
  return new TaskError(`Dataset '${dataset}' can not be read: ${error.message}`, { cause: error });
}
