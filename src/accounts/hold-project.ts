import { and, eq, isNull } from "drizzle-orm";
import type { Caller } from "../app-context.ts";
import type { Db } from "../db/client.ts";
import { user_projects, users } from "../db/schema/index.ts";
import { notAssigned } from "./authenticate.ts";
import { adminAssignment } from "./find-user.ts";

/**
 * Makes sure, in the transaction that makes something, that the caller may still work in the project of the token, and
 * may so until the transaction ends: whoever takes that away waits for it, and then sees what was made. Throws 401.
 */
export async function holdProject(tx: Db, caller: Caller): Promise<void> {
  // Administrators have their own project without an assignment.
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
  if (held === undefined) throw notAssigned(caller.userId, caller.projectId);
}
