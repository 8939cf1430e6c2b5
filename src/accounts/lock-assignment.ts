import { and, eq, isNull } from "drizzle-orm";
import type { Caller } from "./caller.ts";
import type { Db } from "../db/client.ts";
import { projects, user_projects, users } from "../db/schema/index.ts";
import { adminAssignment, findCallerRow } from "./find-user.ts";
import { notAssigned } from "./rights.ts";

/**
 * Locks the caller's project assignment until commit; a concurrent revocation blocks, then sees our rows. Call it in
 * every transaction that creates a resource. Throws 401 when the caller may no longer work in the project.
 */
export async function lockAssignment(tx: Db, caller: Caller): Promise<void> {
  // The administrators' own project needs no assignment.
  if (caller.isAdmin && caller.projectId === adminAssignment.project_id) return;
  const [held] = await tx
    .select({ project: user_projects.project_id })
    .from(user_projects)
    .innerJoin(users, eq(users.row_uuid, user_projects.user_row_uuid))
    .where(
      and(
        eq(users.row_uuid, caller.userUuid),
        isNull(users.deleted_at),
        eq(user_projects.project_id, caller.projectId),
      ),
    )
    .for("key share");
  if (held !== undefined) return;
  // An administrator's key may have a member's rights, but needs no assignment either.
  const isAdministrator = caller.isAdmin || (await findCallerRow(tx, caller))?.is_admin === true;
  if (isAdministrator && caller.projectId === adminAssignment.project_id) return;
  if (isAdministrator && (await lockProject(tx, caller.projectId))) return;
  throw notAssigned(caller.userId, caller.projectId);
}

/** For an administrator without an assignment it is enough that the project exists. */
async function lockProject(tx: Db, id: string): Promise<boolean> {
  const rows = await tx
    .select({ id: projects.id })
    .from(projects)
    .where(and(eq(projects.id, id), isNull(projects.deleted_at)))
    .for("key share");
  return rows.length > 0;
}
