import { asc, eq, getTableColumns, type SQL } from "drizzle-orm";
import type { Context } from "../app-context.ts";
import { bySequence, readPages } from "../db/read-pages.ts";
import { api_keys, audit_log } from "../db/schema/index.ts";
import { unauthorized } from "../errors.ts";
import { pageRows } from "./page.ts";

export interface LogPage {
  /** Counts from 0; a page beyond the end is empty. */
  page: number;
  user_id?: string | undefined;
}

/**
 * One page of the caller's own entries, oldest first. With `user_id` (administrators only), the entries of all accounts
 * that have had this id: entries before the user's `created_at` belong to an earlier account.
 */
export async function listAuditLog({ app, caller }: Context, { page, user_id }: LogPage) {
  if (user_id !== undefined && !caller.isAdmin) throw unauthorized("'user_id' can only be set by an admin");
  const { db } = app;
  const isOfUser = user_id === undefined ? eq(audit_log.user_uuid, caller.userUuid) : eq(audit_log.user_id, user_id);
  const read = (isAfter: SQL | undefined, rows: number) =>
    db
      .select({ ...getTableColumns(audit_log), key_name: api_keys.name })
      .from(audit_log)
      .leftJoin(api_keys, eq(api_keys.uuid, audit_log.key_uuid))
      .where(isAfter)
      .orderBy(asc(audit_log.sequence))
      .limit(rows);
  return readPages(bySequence({ db, table: audit_log, condition: isOfUser, read }), { page, limit: pageRows });
}
