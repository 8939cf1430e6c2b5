import type { DatasetRow } from "../db/rows.ts";
import { visibleRow } from "../accounts/visible-rows.ts";
import type { Context } from "../app-context.ts";
import { datasets } from "../db/schema/index.ts";
import { notFound } from "../errors.ts";

/** Some endpoints spell it in another way. */
export type DatasetNoun = "Data-set" | "Dataset";

export const datasetNotFound = (uuid: string, noun: DatasetNoun = "Data-set") =>
  notFound(`${noun} with uuid '${uuid}' not found`);

const byUuid = visibleRow(datasets);

/**
 * The row of a dataset that exists for the caller, in whatever state. Otherwise throws 404.
 */
export async function findDataset(context: Context, uuid: string, noun?: DatasetNoun): Promise<DatasetRow> {
  const row = await byUuid(context, uuid);
  if (row === undefined) throw datasetNotFound(uuid, noun);
  return row;
}
