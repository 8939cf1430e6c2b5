import { visibleTo } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import { checkpoints } from "../db/schema/index.ts";
import type { CheckpointRow } from "./find-checkpoint.ts";

/** The checkpoints that exist for the caller, oldest first. */
export async function listCheckpoints({ app, caller }: Context): Promise<CheckpointRow[]> {
  return app.db.select().from(checkpoints).where(visibleTo(caller, checkpoints)).orderBy(checkpoints.sequence);
}
