import { and, gt } from "drizzle-orm";
import { visibleTo } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import { PAGE_ROWS, readPages } from "../db/read-pages.ts";
import { datasets } from "../db/schema/index.ts";
import type { DatasetRow } from "./find-dataset.ts";

/** Oldest first. */
export async function listDatasets({ app, caller }: Context): Promise<DatasetRow[]> {
  return readPages((after) =>
    app.db
      .select()
      .from(datasets)
      .where(and(visibleTo(caller, datasets), gt(datasets.sequence, after)))
      .orderBy(datasets.sequence)
      .limit(PAGE_ROWS),
  );
}
