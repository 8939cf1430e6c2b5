import { and, eq, type SQL } from "drizzle-orm";
import type { Context } from "../app-context.ts";
import { api_keys, user_projects } from "../db/schema/index.ts";
import { notFound } from "../errors.ts";
import { requireUserRow, viewUser, type UserView } from "../accounts/find-user.ts";
import { revoke } from "../accounts/revoke.ts";
import { endKeys } from "../accounts/revoke-keys.ts";

/**
 * Removes a user's assignment to a project; tokens, keys and connections for it end at once. A later
 * assignment does not bring the keys back. Throws not_found for the user
 * and for the assignment.
 */
export async function unassignProject({ app }: Context, input: { id: string; project_id: string }): Promise<UserView> {
  const user = await requireUserRow(app.db, input.id);
  const removal = app.db.transaction(async (tx) => {
    const rows = await tx
      .delete(user_projects)
      .where(and(eq(user_projects.user_row_uuid, user.row_uuid), eq(user_projects.project_id, input.project_id)))
      .returning();
    const keys = and(eq(api_keys.owner_uuid, user.row_uuid), eq(api_keys.project_id, input.project_id)) as SQL;
    if (rows.length > 0) await endKeys(tx, keys);
    return rows;
  });
  const end = () => app.connections.end(user.row_uuid, input.project_id);
  const [row] = await revoke(app, removal, end);
  if (row === undefined) {
    throw notFound(
      `Project with ID '${input.project_id}' is not assigned to user with id '${input.id}' and so it can not be removed from the user.`,
    );
  }
  return viewUser(app.db, user);
}
