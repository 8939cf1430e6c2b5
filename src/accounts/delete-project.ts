import { and, eq, isNull, sql } from "drizzle-orm";
import type { Context } from "../app-context.ts";
import { projects } from "../db/schema/index.ts";
import { unknownProject } from "./project-view.ts";

/** Neither its resources nor its assignments are touched: users may go on working in it. Throws not_found. */
export async function deleteProject({ app }: Context, input: { id: string }): Promise<void> {
  const [row] = await app.db
    .update(projects)
    .set({ deleted_at: sql`now()` })
    .where(and(eq(projects.id, input.id), isNull(projects.deleted_at)))
    .returning({ id: projects.id });
  if (row === undefined) throw unknownProject(input.id);
}
