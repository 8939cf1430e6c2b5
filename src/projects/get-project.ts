import { and, eq, isNull } from "drizzle-orm";
import type { Context } from "../app-context.ts";
import { projects } from "../db/schema/index.ts";
import { projectColumns, unknownProject, type ProjectView } from "./project-view.ts";

/** Throws not_found. */
export async function getProject({ app }: Context, input: { id: string }): Promise<ProjectView> {
  const [row] = await app.db
    .select(projectColumns)
    .from(projects)
    .where(and(eq(projects.id, input.id), isNull(projects.deleted_at)));
  if (row === undefined) throw unknownProject(input.id);
  return row;
}
