import { rm } from "node:fs/promises";
import { and, eq, sql } from "drizzle-orm";
import { visibleTo } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import { checkpoints } from "../db/schema/index.ts";
import { checkpointEvent } from "./checkpoint-events.ts";
import { notFound } from "../errors.ts";
import { checkpointPath } from "../files/storage.ts";

/** Deletes a checkpoint. A restore task that is already queued has its own copy of the data. */
export async function deleteCheckpoint({ app, caller }: Context, { uuid }: { uuid: string }): Promise<void> {
  const change = app.db
    .update(checkpoints)
    .set({ deleted_at: sql`now()` })
    .where(and(eq(checkpoints.uuid, uuid), visibleTo(caller, checkpoints)))
    .returning();
  const [row] = await app.events.publishAfter(change, (rows) =>
    rows.map((each) => checkpointEvent("deleted", each, each)),
  );
  // Clients know this misspelling.
  if (row === undefined) throw notFound(`Chekckpoint with uuid '${uuid}' not found`);
  await rm(checkpointPath(app.storage, row.uuid), { force: true });
}
