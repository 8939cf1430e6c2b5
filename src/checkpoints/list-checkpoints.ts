import { and, gt } from "drizzle-orm";
import { visibleTo } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import { PAGE_ROWS, readPages } from "../db/read-pages.ts";
import { checkpoints } from "../db/schema/index.ts";
import type { CheckpointRow } from "./find-checkpoint.ts";

/** The checkpoints that exist for the caller, oldest first. */
export async function listCheckpoints({ app, caller }: Context): Promise<CheckpointRow[]> {
  return readPages((after) =>
    app.db
      .select()
      .from(checkpoints)
      .where(and(visibleTo(caller, checkpoints), gt(checkpoints.sequence, after)))
      .orderBy(checkpoints.sequence)
      .limit(PAGE_ROWS),
  );
}
