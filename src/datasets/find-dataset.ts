import { and, eq, type InferSelectModel } from "drizzle-orm";
import { visibleTo } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import { datasets } from "../db/schema/index.ts";
import { notFound } from "../errors.ts";

export type DatasetRow = InferSelectModel<typeof datasets>;
export type DatasetType = DatasetRow["type"];
export { DATASET_TYPES } from "../db/schema/index.ts";

/**
 * The row of a dataset that exists for the caller, in whatever state. Otherwise throws 404; some endpoints spell
 * the noun in another way.
 */
export async function findDataset(
  { app, caller }: Context,
  uuid: string,
  noun: "Data-set" | "Dataset" = "Data-set",
): Promise<DatasetRow> {
  const [row] = await app.db
    .select()
    .from(datasets)
    .where(and(eq(datasets.uuid, uuid), visibleTo(caller, datasets)));
  if (row === undefined) throw notFound(`${noun} with uuid '${uuid}' not found`);
  return row;
}
