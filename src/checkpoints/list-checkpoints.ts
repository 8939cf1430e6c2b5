import { OWNED_COLUMNS, visibleTexts } from "../accounts/visible-rows.ts";
import { checkpoints } from "../db/schema/index.ts";

/** The checkpoints that the caller can see, oldest first, as texts of `OWNED_COLUMNS`. */
export const listCheckpoints = visibleTexts(checkpoints, OWNED_COLUMNS);
