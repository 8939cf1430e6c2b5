import { asc, eq, type SQL } from "drizzle-orm";
import type { Context } from "../app-context.ts";
import { bySequence, readPages } from "../db/read-pages.ts";
import { error_log } from "../db/schema/index.ts";
import type { LogPage } from "./list-audit-log.ts";
import { pageRows } from "./page.ts";

/** One page of the internal errors of all users and of the system, or of one user, oldest first. */
export async function listErrorLog({ app }: Context, { page, user_id }: LogPage) {
  const { db } = app;
  const isOfUser = user_id === undefined ? undefined : eq(error_log.user_id, user_id);
  const read = (isAfter: SQL | undefined, rows: number) =>
    db.select().from(error_log).where(isAfter).orderBy(asc(error_log.sequence)).limit(rows);
  return readPages(bySequence({ db, table: error_log, condition: isOfUser, read }), { page, limit: pageRows });
}
