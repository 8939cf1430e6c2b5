import { asc, isNull, type SQL } from "drizzle-orm";
import type { Context } from "../app-context.ts";
import { bySequence, readPages, type Page } from "../db/read-pages.ts";
import { projects } from "../db/schema/index.ts";
import { projectColumns, type ProjectView } from "./project-view.ts";

/** All projects, or one page of them, in the order of creation. */
export async function listProjects({ app: { db } }: Context, page?: Page): Promise<ProjectView[]> {
  const read = (isAfter: SQL | undefined, rows: number) =>
    db
      .select({ ...projectColumns, sequence: projects.sequence })
      .from(projects)
      .where(isAfter)
      .orderBy(asc(projects.sequence))
      .limit(rows);
  return readPages(bySequence({ db, table: projects, condition: isNull(projects.deleted_at), read }), page);
}
