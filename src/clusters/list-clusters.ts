import { OWNED_COLUMNS, visibleTexts } from "../accounts/visible-rows.ts";
import { clusters } from "../db/schema/index.ts";

/** The clusters that the caller can see, oldest first, as texts of `OWNED_COLUMNS`. */
export const listClusters = visibleTexts(clusters, OWNED_COLUMNS);
