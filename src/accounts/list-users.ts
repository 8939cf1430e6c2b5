import { asc, eq, isNull } from "drizzle-orm";
import type { Context } from "../app-context.ts";
import { user_projects, users } from "../db/schema/index.ts";
import { publicColumns, type UserView } from "./find-user.ts";

/** All users in the order of creation, each with its projects. */
export async function listUsers({ app }: Context): Promise<UserView[]> {
  const rows = await app.db
    .select({ user: users, project: user_projects })
    .from(users)
    .leftJoin(user_projects, eq(user_projects.user_row_uuid, users.row_uuid))
    .where(isNull(users.deleted_at))
    .orderBy(asc(users.sequence), asc(user_projects.sequence));
  const views = new Map<string, UserView>();
  for (const { user, project } of rows) {
    const view = views.get(user.row_uuid) ?? { ...publicColumns(user), projects: [] };
    views.set(user.row_uuid, view);
    if (project !== null) {
      const { project_id, role, is_project_admin } = project;
      view.projects.push({ project_id, role, is_project_admin });
    }
  }
  return [...views.values()];
}
