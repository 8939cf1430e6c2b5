import { DatasetFileError } from "../datasets/file/layout.ts";
import { type DatasetReader, openDatasetFile } from "../datasets/file/reader.ts";
import { isMissing } from "../files/is-missing.ts";
import { TaskError } from "./task-error.ts";

/** The datasets of a running task, each opened once. */
export class TaskDatasets {
  readonly #path: (datasetUuid: string) => string;
  readonly #readers = new Map<string, DatasetReader>();

  constructor(path: (datasetUuid: string) => string) {
    this.#path = path;
  }

  /** Throws TaskError when the dataset is missing, damaged or shorter than `rows`. */
  async open(uuid: string, rows: number): Promise<DatasetReader> {
    const reader = this.#readers.get(uuid) ?? (await openDataset(this.#path(uuid), uuid));
    this.#readers.set(uuid, reader);
    if (reader.rowCount < rows) {
      throw new TaskError(`Dataset with uuid '${uuid}' has ${reader.rowCount} rows, but ${rows} are needed`);
    }
    return reader;
  }

  async close(): Promise<void> {
    for (const reader of this.#readers.values()) await reader.close();
  }
}

async function openDataset(path: string, uuid: string): Promise<DatasetReader> {
  try {
    return await openDatasetFile(path);
  } catch (error) {
    if (isMissing(error)) throw new TaskError(`Dataset with uuid '${uuid}' not found`, { cause: error });
    throw damaged(uuid, error);
  }
}

/** The error of a task whose dataset is damaged. */
export function damaged(dataset: string, error: unknown): unknown {
  if (!(error instanceof DatasetFileError)) return error;
  return new TaskError(`Dataset '${dataset}' can not be read: ${error.message}`, { cause: error });
}
