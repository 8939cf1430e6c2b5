import { and, asc, gt, isNull } from "drizzle-orm";
import type { Context } from "../app-context.ts";
import { bySequence, readPages, sequenceAt, type Page } from "../db/read-pages.ts";
import { projects } from "../db/schema/index.ts";
import { projectColumns, type ProjectView } from "./project-view.ts";

/** All projects, or one page of them, in the order of creation. */
export async function listProjects({ app: { db } }: Context, page?: Page): Promise<ProjectView[]> {
  const isThere = isNull(projects.deleted_at);
  const read = (after: number, rows: number) =>
    db
      .select({ ...projectColumns, sequence: projects.sequence })
      .from(projects)
      .where(and(isThere, gt(projects.sequence, after)))
      .orderBy(asc(projects.sequence))
      .limit(rows);
  return readPages(bySequence(sequenceAt(db, projects, isThere), read), page);
}
