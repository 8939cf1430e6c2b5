import type { Caller } from "./caller.ts";
import type { Db } from "../db/client.ts";
import { user_projects, users } from "../db/schema/index.ts";
import { unauthorized } from "../errors.ts";
import { adminAssignment, adminAssignmentIn } from "./find-user.ts";

/** The refusal when a request, token or key names a project that is not (or no longer) assigned to the user. */
export const notAssigned = (userId: string, projectId: string) =>
  unauthorized(`User with id '${userId}' is not assigned to the project with id '${projectId}'.`);

/** What decides the rights of an account in a project: its user, and its assignment, if any. */
export const rightsColumns = {
  id: users.id,
  row_uuid: users.row_uuid,
  name: users.name,
  is_admin: users.is_admin,
  role: user_projects.role,
  is_project_admin: user_projects.is_project_admin,
};

interface RightsRow {
  id: string;
  row_uuid: string;
  name: string;
  is_admin: boolean;
  role: string | null;
  is_project_admin: boolean | null;
}

/** The account as a caller in the project. Throws 401 when it may not work there. */
export async function callerIn(db: Db, projectId: string, row: RightsRow): Promise<Caller> {
  const user = { userId: row.id, userUuid: row.row_uuid, userName: row.name };
  const caller = { ...user, isAdmin: row.is_admin, projectId };
  if (row.is_admin && projectId === adminAssignment.project_id) {
    return { ...caller, role: adminAssignment.role, isProjectAdmin: true };
  }
  if (row.role !== null) return { ...caller, role: row.role, isProjectAdmin: row.is_project_admin === true };
  const assumed = row.is_admin ? await adminAssignmentIn(db, projectId) : undefined;
  if (assumed === undefined) throw notAssigned(row.id, projectId);
  return { ...caller, role: assumed.role, isProjectAdmin: assumed.is_project_admin };
}
