import type { TaskBinding } from "../db/schema/index.ts";
import { DatasetFileError } from "../datasets/file/layout.ts";
import { type DatasetReader, openDatasetFile } from "../datasets/file/reader.ts";
import type { SliceColumns } from "../hosts/host.ts";
import { TaskError } from "./task-error.ts";

/** A binding with its place among the inputs or outputs of the template. */
export interface PlacedBinding extends TaskBinding {
  index: number;
}

interface Column {
  index: number;
  width: number;
  group: string;
  reader: DatasetReader;
}

/** Reads the rows of a task's datasets, slice by slice. */
export class SliceSource {
  readonly #readers: Map<string, DatasetReader>;
  readonly #inputs: Column[];
  readonly #expected: Column[];
  readonly #timeLength: number;

  private constructor(
    readers: Map<string, DatasetReader>,
    columns: { inputs: Column[]; expected: Column[] },
    timeLength: number,
  ) {
    this.#readers = readers;
    this.#inputs = columns.inputs;
    this.#expected = columns.expected;
    this.#timeLength = timeLength;
  }

  /**
   * Opens each dataset once. Throws TaskError when one is gone, damaged, shorter than `rows`, or lacks a column that
   * was there when the task was created.
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
      const range = reader.groups.find(({ name }) => name === group);
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
      return new SliceSource(readers, { inputs, expected }, plan.timeLength);
    } catch (error) {
      for (const reader of readers.values()) await reader.close();
      throw error;
    }
  }

  /** What the rows of one cycle take in memory, about. */
  get bytesPerCycle(): number {
    const bytes = ({ width, reader }: Column) => width * (reader.type === "uint8" ? 1 : 4);
    return [...this.#inputs, ...this.#expected].reduce((sum, column) => sum + bytes(column), 0);
  }

  /** The rows that `cycles` cycles from `firstCycle` on need, in fresh buffers. */
  async read(firstCycle: number, cycles: number): Promise<{ inputs: SliceColumns[]; expected: SliceColumns[] }> {
    const inputs: SliceColumns[] = [];
    const expected: SliceColumns[] = [];
    for (const column of this.#inputs) inputs.push(await read(column, firstCycle, cycles + this.#timeLength - 1));
    for (const column of this.#expected) expected.push(await read(column, firstCycle, cycles));
    return { inputs, expected };
  }

  async close(): Promise<void> {
    for (const reader of this.#readers.values()) await reader.close();
  }
}

async function openDataset(path: string, uuid: string): Promise<DatasetReader> {
  try {
    return await openDatasetFile(path);
  } catch (error) {
    const gone = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (gone) throw new TaskError(`Dataset with uuid '${uuid}' not found`, { cause: error });
    throw unreadable(uuid, error);
  }
}

async function read({ reader, group, index, width }: Column, first: number, count: number): Promise<SliceColumns> {
  try {
    const rows = await reader.readGroup(group, first, count);
    return { index, width, rows: rows as SliceColumns["rows"] };
  } catch (error) {
    throw unreadable(reader.name, error);
  }
}

function unreadable(dataset: string, error: unknown): unknown {
  if (!(error instanceof DatasetFileError)) return error;
  return new TaskError(`Dataset '${dataset}' can not be read: ${error.message}`, { cause: error });
}
