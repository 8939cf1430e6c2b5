import type { UserRow } from "../db/rows.ts";
import { and, asc, eq, isNull } from "drizzle-orm";
import type { Caller } from "./caller.ts";
import type { Db } from "../db/client.ts";
import { projects, user_projects, users } from "../db/schema/index.ts";
import { notFound } from "../errors.ts";

export interface Assignment {
  project_id: string;
  role: string;
  is_project_admin: boolean;
}

/** A user as clients see it, without the hash. */
export interface UserView {
  created_at: Date;
  creator_id: string;
  id: string;
  is_admin: boolean;
  name: string;
  projects: Assignment[];
}

/** The default project of every administrator. It needs no row and no assignment. */
export const adminAssignment: Assignment = { project_id: "admin", role: "admin", is_project_admin: true };

/** Full rights for an administrator without an assignment. Undefined when the project does not exist. */
export async function adminAssignmentIn(db: Db, projectId: string): Promise<Assignment | undefined> {
  if (projectId === adminAssignment.project_id) return adminAssignment;
  const [project] = await db
    .select({ project_id: projects.id })
    .from(projects)
    .where(and(eq(projects.id, projectId), isNull(projects.deleted_at)));
  return project && { ...adminAssignment, ...project };
}

export async function findUserRow(db: Db, id: string): Promise<UserRow | undefined> {
  const [row] = await db
    .select()
    .from(users)
    .where(and(eq(users.id, id), isNull(users.deleted_at)));
  return row;
}

/** The caller's own row; undefined when the account was deleted, even if a later account has its id. */
export async function findCallerRow(db: Db, caller: Pick<Caller, "userUuid">): Promise<UserRow | undefined> {
  const [row] = await db
    .select()
    .from(users)
    .where(and(eq(users.row_uuid, caller.userUuid), isNull(users.deleted_at)));
  return row;
}

/** In the order of assignment. */
export async function findAssignments(db: Db, user: Pick<UserRow, "row_uuid">): Promise<Assignment[]> {
  return db
    .select({
      project_id: user_projects.project_id,
      role: user_projects.role,
      is_project_admin: user_projects.is_project_admin,
    })
    .from(user_projects)
    .where(eq(user_projects.user_row_uuid, user.row_uuid))
    .orderBy(asc(user_projects.sequence));
}

/**
 * What the user may do in a project: the assignment, or that of an administrator, who needs none. Undefined when the
 * user may not work there.
 */
export async function findAssignmentIn(db: Db, user: UserRow, projectId: string): Promise<Assignment | undefined> {
  if (user.is_admin && projectId === adminAssignment.project_id) return adminAssignment;
  const assigned = (await findAssignments(db, user)).find(({ project_id }) => project_id === projectId);
  return assigned ?? (user.is_admin ? adminAssignmentIn(db, projectId) : undefined);
}

export const userNotFound = (id: string) => notFound(`User with id '${id}' not found`);

export async function requireUserRow(db: Db, id: string): Promise<UserRow> {
  const row = await findUserRow(db, id);
  if (row === undefined) throw userNotFound(id);
  return row;
}

export async function viewUser(db: Db, row: UserRow): Promise<UserView> {
  return { ...publicColumns(row), projects: await findAssignments(db, row) };
}

/** The columns of a user that may leave the server. */
export function publicColumns(row: UserRow): Omit<UserView, "projects"> {
  return {
    created_at: row.created_at,
    creator_id: row.creator_id,
    id: row.id,
    is_admin: row.is_admin,
    name: row.name,
  };
}
