import { and, eq, isNull, type Placeholder, type SQL, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import type { Caller, Context } from "../app-context.ts";
import { builtOnce } from "../db/built-once.ts";
import type { Db } from "../db/client.ts";

interface OwnedTable {
  owner_uuid: PgColumn;
  project_id: PgColumn;
  deleted_at: PgColumn;
}

type Viewer = Pick<Caller, "isAdmin" | "isProjectAdmin"> & Record<"projectId" | "userUuid", string | Placeholder>;

/**
 * The rows of a resource table that exist for this caller: a global admin sees all, a project admin those of the
 * token's project, everybody else their own in that project: that of the account, whoever had its id before. What is not visible answers exactly like what is not
 * there, so every get, list, change, delete and uniqueness check goes through this condition.
 */
export function visibleTo(caller: Viewer, table: OwnedTable): SQL {
  const conditions = [isNull(table.deleted_at)];
  if (!caller.isAdmin) {
    conditions.push(eq(table.project_id, caller.projectId));
    if (!caller.isProjectAdmin) conditions.push(eq(table.owner_uuid, caller.userUuid));
  }
  return and(...conditions) as SQL;
}

interface PreparedQuery<Rows> {
  execute(values: Record<string, unknown>): Promise<Rows>;
}

/**
 * A query of what exists for a caller, prepared once for each kind of caller: `build` gets the condition of `visibleTo`
 * and prepares the query, with placeholders for `values`.
 */
export function visibleQuery<Values extends object, Rows>(
  table: OwnedTable,
  build: (db: Db, isVisible: SQL) => PreparedQuery<Rows>,
): (context: Context, values: Values) => Promise<Rows> {
  const place = { projectId: sql.placeholder("projectId"), userUuid: sql.placeholder("userUuid") };
  const preparedFor = (rights: Pick<Caller, "isAdmin" | "isProjectAdmin">) =>
    builtOnce((db) => build(db, visibleTo({ ...rights, ...place }, table)));
  const [all, ofProject, own] = [
    preparedFor({ isAdmin: true, isProjectAdmin: true }),
    preparedFor({ isAdmin: false, isProjectAdmin: true }),
    preparedFor({ isAdmin: false, isProjectAdmin: false }),
  ];
  return ({ app, caller }, values) => {
    const prepared = caller.isAdmin ? all : caller.isProjectAdmin ? ofProject : own;
    return prepared(app.db).execute({ ...values, projectId: caller.projectId, userUuid: caller.userUuid });
  };
}

/** Ownership of something that the caller makes. */
export function ownedBy(caller: Caller) {
  return { owner_id: caller.userId, owner_uuid: caller.userUuid, project_id: caller.projectId };
}
