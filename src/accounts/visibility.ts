import { and, eq, isNull, type Placeholder, type SQL } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import type { Caller } from "./caller.ts";

export interface OwnedTable {
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

/** Ownership of something that the caller makes. */
export function ownedBy(caller: Caller) {
  return { owner_id: caller.userId, owner_uuid: caller.userUuid, project_id: caller.projectId };
}
