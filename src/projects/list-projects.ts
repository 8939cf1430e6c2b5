import { asc, isNull } from "drizzle-orm";
import type { Context } from "../app-context.ts";
import { projects } from "../db/schema/index.ts";
import { projectColumns, type ProjectView } from "./project-view.ts";

/** In the order of creation. */
export async function listProjects({ app }: Context): Promise<ProjectView[]> {
  return app.db
    .select(projectColumns)
    .from(projects)
    .where(isNull(projects.deleted_at))
    .orderBy(asc(projects.sequence));
}
