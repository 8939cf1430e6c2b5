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
 * Selects the rows of a resource table that the caller may see: a global administrator sees all, a project
 * administrator those of the token's project, any other user those that the account (not an earlier one with its id)
 * owns in that project. An invisible row is reported exactly like a missing one, so every get, list, change, delete and
 * uniqueness check uses this condition.
 */
export function visibleTo(caller: Viewer, table: OwnedTable): SQL {
  const conditions = [isNull(table.deleted_at)];
  if (!caller.isAdmin) {
    conditions.push(eq(table.project_id, caller.projectId));
    if (!caller.isProjectAdmin) conditions.push(eq(table.owner_uuid, caller.userUuid));
  }
  return and(...conditions) as SQL;
}

/** Whether `visibleTo` would select a row of this owner. */
export function isVisibleTo(
  { isAdmin, isProjectAdmin, projectId, userUuid }: Caller,
  owner: { project_id: string; owner_uuid: string | null },
): boolean {
  return isAdmin || (owner.project_id === projectId && (isProjectAdmin || owner.owner_uuid === userUuid));
}

/** Owner columns of a new resource of the caller. */
export function ownedBy(caller: Caller) {
  return { owner_id: caller.userId, owner_uuid: caller.userUuid, project_id: caller.projectId };
}
