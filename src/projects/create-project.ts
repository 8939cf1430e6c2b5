import type { Context } from "../app-context.ts";
import { projects } from "../db/schema/index.ts";
import { conflict } from "../errors.ts";
import { projectColumns, type ProjectView } from "./project-view.ts";

/** Throws conflict when the project exists. */
export async function createProject(
  { app, caller }: Context,
  input: { id: string; name: string },
): Promise<ProjectView> {
  const creation = app.db
    .insert(projects)
    .values({ ...input, creator_id: caller.userId })
    .onConflictDoNothing()
    .returning(projectColumns);
  const [row] = await app.knownCallers.change(creation);
  if (row === undefined) throw conflict(`Project with id '${input.id}' already exist.`);
  return row;
}
