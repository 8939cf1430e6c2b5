import { and, gt, sql } from "drizzle-orm";
import { visibleQuery } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import { PAGE_ROWS, readPages } from "../db/read-pages.ts";
import { datasets } from "../db/schema/index.ts";
import type { DatasetRow } from "./find-dataset.ts";

const page = visibleQuery<{ after: number }, DatasetRow[]>(datasets, (db, isVisible) =>
  db
    .select()
    .from(datasets)
    .where(and(isVisible, gt(datasets.sequence, sql.placeholder("after"))))
    .orderBy(datasets.sequence)
    .limit(PAGE_ROWS)
    .prepare("list_datasets"),
);

/** The datasets that exist for the caller, oldest first. */
export async function listDatasets(context: Context): Promise<DatasetRow[]> {
  return readPages((after) => page(context, { after }));
}
