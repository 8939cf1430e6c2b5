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
 * Opens a dataset for a caller, who must close `reader`. Throws 404 `Data-set with uuid '<uuid>' not found` when the
 * caller cannot see it, 400 when it has no rows yet (upload not finalized, request task not finished) or its file is
 * damaged.
 */
export async function openDataset(context: Context, uuid: string): Promise<OpenDataset> {
  return openRow(context.app, await findDataset(context, uuid));
}

/** Like `openDataset`, for a running task: access was checked when the task was created. */
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
 * Opens the file of a dataset in any state. Throws the contract's 400 when it cannot be used, 404 when the dataset was
 * deleted after its row was read.
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

/** Also logs the error, because a missing or damaged file concerns the administrator. */
export function unreadable(app: App, uuid: string, error: unknown) {
  app.log.error({ err: error, dataset: uuid }, "a dataset file cannot be read");
  return badRequest(invalidText(uuid), { cause: error });
}

export const invalidText = (uuid: string) => `Dataset with UUID '${uuid}' is invalid and can not be read.`;
