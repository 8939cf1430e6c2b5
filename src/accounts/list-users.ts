import { asc, eq, isNull, type SQL } from "drizzle-orm";
import type { Context } from "../app-context.ts";
import { bySequence, readPages, type Page } from "../db/read-pages.ts";
import { user_projects, users } from "../db/schema/index.ts";
import { publicColumns, type UserView } from "./find-user.ts";

/** All users, or one page of them, in the order of creation, each with its projects. */
export async function listUsers({ app }: Context, page?: Page): Promise<UserView[]> {
  const { db } = app;
  const read = async (isAfter: SQL | undefined, count: number) => {
    const some = db.select().from(users).where(isAfter).orderBy(asc(users.sequence)).limit(count).as("some");
    const rows = await db
      .select({ user: some._.selectedFields, project: user_projects })
      .from(some)
      .leftJoin(user_projects, eq(user_projects.user_row_uuid, some.row_uuid))
      .orderBy(asc(some.sequence), asc(user_projects.sequence));
    const views = new Map<string, UserView & { sequence: number }>();
    for (const { user, project } of rows) {
      const view = views.get(user.row_uuid) ?? { ...publicColumns(user), projects: [], sequence: user.sequence };
      views.set(user.row_uuid, view);
      if (project !== null) {
        const { project_id, role, is_project_admin } = project;
        view.projects.push({ project_id, role, is_project_admin });
      }
    }
    return [...views.values()];
  };
  return readPages(bySequence({ db, table: users, condition: isNull(users.deleted_at), read }), page);
}
