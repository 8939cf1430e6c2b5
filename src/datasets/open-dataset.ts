import { and, eq, isNull } from "drizzle-orm";
import type { App, Context } from "../app-context.ts";
import { datasets } from "../db/schema/index.ts";
import { badRequest } from "../errors.ts";
import { datasetNotFound, findDataset, type DatasetNoun } from "./find-dataset.ts";
import type { DatasetRow } from "../db/rows.ts";
import { openDatasetFile, type DatasetReader } from "./file/reader.ts";
import { datasetPath } from "../files/storage.ts";
import { isMissing } from "../files/is-missing.ts";

export interface OpenDataset {
  row: DatasetRow;
  reader: DatasetReader;
}

/**
 * Opens a dataset for a caller; close `reader` afterwards. Throws 404 `Data-set with uuid '<uuid>' not found` when it
 * does not exist for the caller, 400 when it has no rows yet (upload not finalized, request task not finished) or
 * when its file is damaged.
 */
export async function openDataset(context: Context, uuid: string): Promise<OpenDataset> {
  return openRow(context.app, await findDataset(context, uuid));
}

/** Like `openDataset`, for a task that runs: who may use the dataset was decided when the task was made. */
export async function openDatasetOfTask(app: App, uuid: string): Promise<OpenDataset> {
  const [row] = await app.db
    .select()
    .from(datasets)
    .where(and(eq(datasets.uuid, uuid), isNull(datasets.deleted_at)));
  if (row === undefined) throw datasetNotFound(uuid);
  return openRow(app, row);
}

async function openRow(app: App, row: DatasetRow): Promise<OpenDataset> {
  if (row.state !== "ready") throw badRequest(`Data-set with uuid '${row.uuid}' is not complete yet`);
  return { row, reader: await openFile(app, row.uuid) };
}

/**
 * The file of a dataset whatever its state; throws the contract's 400 when it can not be used, 404 when the dataset was
 * deleted since its row was read.
 */
export async function openFile(app: App, uuid: string, noun?: DatasetNoun): Promise<DatasetReader> {
  try {
    return await openDatasetFile(datasetPath(app.storage, uuid));
  } catch (error) {
    if (isMissing(error)) await checkExists(app, uuid, noun);
    throw unreadable(app, uuid, error);
  }
}

/** Throws 404 when the dataset is gone. */
export async function checkExists({ db }: App, uuid: string, noun?: DatasetNoun): Promise<void> {
  const [row] = await db
    .select({ uuid: datasets.uuid })
    .from(datasets)
    .where(and(eq(datasets.uuid, uuid), isNull(datasets.deleted_at)));
  if (row === undefined) throw datasetNotFound(uuid, noun);
}

/** A file that is missing or damaged is the administrator's business, too. */
export function unreadable(app: App, uuid: string, error: unknown) {
  app.log.error({ err: error, dataset: uuid }, "a dataset file can not be read");
  return badRequest(invalidText(uuid), { cause: error });
}

export const invalidText = (uuid: string) => `Dataset with UUID '${uuid}' is invalid and can not be read.`;
