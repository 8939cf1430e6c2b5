import { visibleRows } from "../accounts/visible-rows.ts";
import { checkpoints } from "../db/schema/index.ts";

/** The checkpoints that the caller can see, oldest first. */
export const listCheckpoints = visibleRows(checkpoints);
