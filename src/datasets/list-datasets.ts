import { visibleRows } from "../accounts/visible-rows.ts";
import { datasets } from "../db/schema/index.ts";

/** The datasets that the caller can see, oldest first. */
export const listDatasets = visibleRows(datasets);
