import type { DatasetRow } from "../db/rows.ts";
import { visibleRow } from "../accounts/visible-rows.ts";
import type { Context } from "../app-context.ts";
import { datasets } from "../db/schema/index.ts";
import { notFound } from "../errors.ts";

/** Endpoints differ in the spelling. */
export type DatasetNoun = "Data-set" | "Dataset";

export const datasetNotFound = (uuid: string, noun: DatasetNoun = "Data-set") =>
  notFound(`${noun} with uuid '${uuid}' not found`);

const byUuid = visibleRow(datasets);

/** Returns the row of a dataset in any state. Throws 404 when the caller cannot see it. */
export async function findDataset(context: Context, uuid: string, noun?: DatasetNoun): Promise<DatasetRow> {
  const row = await byUuid(context, uuid);
  if (row === undefined) throw datasetNotFound(uuid, noun);
  return row;
}
