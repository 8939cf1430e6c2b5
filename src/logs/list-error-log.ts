import { asc, eq } from "drizzle-orm";
import type { Context } from "../app-context.ts";
import { error_log } from "../db/schema/index.ts";
import type { LogPage } from "./list-audit-log.ts";
import { pageRows } from "./page.ts";

/** One page of the internal errors of all users and of the system, or of one user, oldest first. */
export async function listErrorLog({ app }: Context, { page, user_id }: LogPage) {
  return app.db
    .select()
    .from(error_log)
    .where(user_id === undefined ? undefined : eq(error_log.user_id, user_id))
    .orderBy(asc(error_log.sequence))
    .limit(pageRows)
    .offset(page * pageRows);
}
