import { and, gt, sql } from "drizzle-orm";
import { visibleQuery } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import { PAGE_ROWS, readPages } from "../db/read-pages.ts";
import { checkpoints } from "../db/schema/index.ts";
import type { CheckpointRow } from "./find-checkpoint.ts";

const page = visibleQuery<{ after: number }, CheckpointRow[]>(checkpoints, (db, isVisible) =>
  db
    .select()
    .from(checkpoints)
    .where(and(isVisible, gt(checkpoints.sequence, sql.placeholder("after"))))
    .orderBy(checkpoints.sequence)
    .limit(PAGE_ROWS)
    .prepare("list_checkpoints"),
);

/** The checkpoints that exist for the caller, oldest first. */
export async function listCheckpoints(context: Context): Promise<CheckpointRow[]> {
  return readPages((after) => page(context, { after }));
}
