import { visibleTexts } from "../accounts/visible-rows.ts";
import { datasets } from "../db/schema/index.ts";

/** Clients find `uuid` and `name` by position, second and last. */
export const DATASET_COLUMNS = ["created_at", "uuid", "project_id", "owner_id", "visibility", "type", "name"] as const;

/** The datasets that the caller can see, oldest first, as texts of `DATASET_COLUMNS`. */
export const listDatasets = visibleTexts(datasets, DATASET_COLUMNS);
