import { visibleRows } from "../accounts/visible-rows.ts";
import { datasets } from "../db/schema/index.ts";

/** The datasets that exist for the caller, oldest first. */
export const listDatasets = visibleRows(datasets);
