import { and, eq, isNull } from "drizzle-orm";
import type { App } from "../app-context.ts";
import type { Caller } from "./caller.ts";
import type { Db } from "../db/client.ts";
import { user_projects, users } from "../db/schema/index.ts";
import { unauthorized } from "../errors.ts";
import { formatTimestamp } from "../server/timestamp.ts";
import { adminAssignment, adminAssignmentIn } from "./find-user.ts";
import { accessDenied } from "./issue-token.ts";
import { readToken } from "./tokens.ts";
import type { TokenUser } from "./token-user.ts";

/** The refusal when a request or token names a project that is not (or no longer) assigned to the user. */
export const notAssigned = (userId: string, projectId: string) =>
  unauthorized(`User with id '${userId}' is not assigned to the project with id '${projectId}'.`);

/**
 * The caller of a token. A token becomes invalid with its user or its assignment; their current rows decide, not the
 * claims of the token. A later user with the same id is a different account: `created_at` tells them apart.
 */
export async function authenticate(app: App, token: string): Promise<Caller> {
  const claims = await readToken(app.tokenKeys, token);
  return app.knownCallers.find(token, () => lookUp(app.db, claims));
}

/** Like `authenticate`, but always asks the database: for connections that outlive a request. */
export async function authenticateAnew(app: App, token: string): Promise<Caller> {
  return lookUp(app.db, await readToken(app.tokenKeys, token));
}

async function lookUp(db: Db, claims: TokenUser): Promise<Caller> {
  const [found] = await db
    .select({
      uuid: users.row_uuid,
      name: users.name,
      created_at: users.created_at,
      is_admin: users.is_admin,
      role: user_projects.role,
      is_project_admin: user_projects.is_project_admin,
    })
    .from(users)
    .leftJoin(
      user_projects,
      and(eq(user_projects.user_row_uuid, users.row_uuid), eq(user_projects.project_id, claims.project_id)),
    )
    .where(and(eq(users.id, claims.id), isNull(users.deleted_at)));
  if (found === undefined || formatTimestamp(found.created_at) !== claims.created_at) throw accessDenied();

  const user = { userId: claims.id, userUuid: found.uuid, userName: found.name };
  const caller = { ...user, isAdmin: found.is_admin, projectId: claims.project_id };
  if (found.is_admin && claims.project_id === adminAssignment.project_id) {
    return { ...caller, role: adminAssignment.role, isProjectAdmin: true };
  }
  if (found.role !== null) return { ...caller, role: found.role, isProjectAdmin: found.is_project_admin === true };
  const assumed = found.is_admin ? await adminAssignmentIn(db, claims.project_id) : undefined;
  if (assumed === undefined) throw notAssigned(claims.id, claims.project_id);
  return { ...caller, role: assumed.role, isProjectAdmin: assumed.is_project_admin };
}
