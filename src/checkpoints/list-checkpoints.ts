import { visibleRows } from "../accounts/visible-rows.ts";
import { checkpoints } from "../db/schema/index.ts";

/** The checkpoints that exist for the caller, oldest first. */
export const listCheckpoints = visibleRows(checkpoints);
