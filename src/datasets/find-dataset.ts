import { and, eq, sql, type InferSelectModel } from "drizzle-orm";
import { visibleQuery } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import { datasets } from "../db/schema/index.ts";
import { notFound } from "../errors.ts";

export type DatasetRow = InferSelectModel<typeof datasets>;
export type DatasetType = DatasetRow["type"];
export { DATASET_TYPES } from "../db/schema/index.ts";

/** Some endpoints spell it in another way. */
export type DatasetNoun = "Data-set" | "Dataset";

export const datasetNotFound = (uuid: string, noun: DatasetNoun = "Data-set") =>
  notFound(`${noun} with uuid '${uuid}' not found`);

const byUuid = visibleQuery<{ uuid: string }, DatasetRow[]>(datasets, (db, isVisible) =>
  db
    .select()
    .from(datasets)
    .where(and(eq(datasets.uuid, sql.placeholder("uuid")), isVisible))
    .prepare("find_dataset"),
);

/**
 * The row of a dataset that exists for the caller, in whatever state. Otherwise throws 404.
 */
export async function findDataset(context: Context, uuid: string, noun?: DatasetNoun): Promise<DatasetRow> {
  const [row] = await byUuid(context, { uuid });
  if (row === undefined) throw datasetNotFound(uuid, noun);
  return row;
}
