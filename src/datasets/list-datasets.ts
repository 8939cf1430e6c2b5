import { visibleTo } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import { datasets } from "../db/schema/index.ts";
import type { DatasetRow } from "./find-dataset.ts";

/** Oldest first. */
export async function listDatasets({ app, caller }: Context): Promise<DatasetRow[]> {
  return app.db.select().from(datasets).where(visibleTo(caller, datasets)).orderBy(datasets.sequence);
}
