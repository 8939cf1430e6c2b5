import type { Context } from "../app-context.ts";
import { user_projects } from "../db/schema/index.ts";
import { conflict } from "../errors.ts";
import { requireUserRow, viewUser, type Assignment, type UserView } from "../accounts/find-user.ts";

/** Assigns a project, which need not exist, to a user. Throws not_found for the user, conflict if already assigned. */
export async function assignProject({ app }: Context, input: Assignment & { id: string }): Promise<UserView> {
  const { id, project_id, role, is_project_admin } = input;
  const user = await requireUserRow(app.db, id);
  const assignment = app.db
    .insert(user_projects)
    .values({ user_row_uuid: user.row_uuid, project_id, role, is_project_admin })
    .onConflictDoNothing()
    .returning();
  const [row] = await app.knownCallers.change(assignment);
  if (row === undefined) {
    throw conflict(`Project with ID '${project_id}' is already assigned to user with id '${id}'.`);
  }
  return viewUser(app.db, user);
}
