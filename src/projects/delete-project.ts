import { and, eq, isNotNull, isNull, sql } from "drizzle-orm";
import type { Context } from "../app-context.ts";
import { deleteCheckpoint } from "../checkpoints/delete-checkpoint.ts";
import { deleteCluster } from "../clusters/delete-cluster.ts";
import { deleteDataset } from "../datasets/delete-dataset.ts";
import { removeUpload } from "../uploads/sweep-uploads.ts";
import type { Db } from "../db/client.ts";
import { api_keys, checkpoints, clusters, datasets, projects, tempfiles, user_projects } from "../db/schema/index.ts";
import { conflict, HanamiError } from "../errors.ts";
import { revoke } from "../accounts/revoke.ts";
import { endKeys } from "../accounts/revoke-keys.ts";
import { unknownProject } from "./project-view.ts";

/**
 * Deletes an empty project together with its assignments, so that a later project with this id does not inherit its
 * members; their tokens and all keys and connections for it end. `force` first removes the assignments and then the
 * content. Throws not_found, and conflict with the content of the project. A forced deletion that fails midway can be
 * repeated.
 */
export async function deleteProject(
  context: Context,
  input: { id: string; force?: boolean | undefined },
): Promise<void> {
  const { app } = context;
  const { id } = input;
  const change = (work: (tx: Db) => Promise<void>) =>
    revoke(app, app.db.transaction(work), () => app.connections.endProject(id));
  if (input.force === true) {
    await change((tx) => removeAssignments(tx, id));
    await removeContent(context, id);
  }
  await change(async (tx) => {
    await removeAssignments(tx, id);
    checkEmpty(id, await listContent(tx, id));
    await tx
      .update(projects)
      .set({ deleted_at: sql`now()` })
      .where(and(eq(projects.id, id), isNull(projects.deleted_at)));
  });
}

/** Locks the project, so that deletions and other changes of it are serialized. Throws not_found. */
async function lockExisting(tx: Db, id: string): Promise<void> {
  const [row] = await tx
    .select({ id: projects.id })
    .from(projects)
    .where(and(eq(projects.id, id), isNull(projects.deleted_at)))
    .for("update");
  if (row === undefined) throw unknownProject(id);
}

/**
 * Afterwards no new resource can appear in the project: a transaction that creates one locks the caller's assignment,
 * or the project itself for an administrator without an assignment.
 */
async function removeAssignments(tx: Db, id: string): Promise<void> {
  await lockExisting(tx, id);
  await tx.delete(user_projects).where(eq(user_projects.project_id, id));
  await endKeys(tx, eq(api_keys.project_id, id));
}

/** The content of a project, by uuid. An upload has the uuid of the dataset or checkpoint that it becomes. */
type Content = Record<"datasets" | "clusters" | "checkpoints" | "uploads", string[]>;

async function listContent(db: Db, project: string): Promise<Content> {
  const rows = await db
    .select({
      uuid: datasets.uuid,
      isUpload: sql<boolean>`${datasets.state} = 'uploading' and ${datasets.type} <> 'result'`,
    })
    .from(datasets)
    .where(and(eq(datasets.project_id, project), isNull(datasets.deleted_at)));
  const files = await db
    .select({ uuid: tempfiles.checkpoint_uuid })
    .from(tempfiles)
    .where(and(eq(tempfiles.project_id, project), isNull(tempfiles.deleted_at), isNotNull(tempfiles.checkpoint_uuid)));
  const owned = (table: typeof clusters | typeof checkpoints) =>
    db
      .select({ uuid: table.uuid })
      .from(table)
      .where(and(eq(table.project_id, project), isNull(table.deleted_at)));
  return {
    datasets: rows.filter(({ isUpload }) => !isUpload).map(({ uuid }) => uuid),
    clusters: (await owned(clusters)).map(({ uuid }) => uuid),
    checkpoints: (await owned(checkpoints)).map(({ uuid }) => uuid),
    uploads: [...rows.filter(({ isUpload }) => isUpload), ...files].map(({ uuid }) => uuid as string),
  };
}

function checkEmpty(id: string, content: Content): void {
  const nouns = { datasets: "dataset", clusters: "cluster", checkpoints: "checkpoint", uploads: "running upload" };
  const held = Object.entries(nouns).flatMap(([kind, noun]) => {
    const { length } = content[kind as keyof Content];
    return length === 0 ? [] : [`${length} ${noun}${length === 1 ? "" : "s"}`];
  });
  if (held.length === 0) return;
  throw conflict(
    `Project with id '${id}' still holds ${held.join(", ")}. Delete these before, or set 'force' to delete them, too.`,
  );
}

/** Removes clusters first, because their running tasks may still create checkpoints and results. */
async function removeContent(context: Context, project: string): Promise<void> {
  const { app } = context;
  for (const uuid of (await listContent(app.db, project)).clusters) {
    await unlessGone(deleteCluster(context, { uuid }));
  }
  const rest = await listContent(app.db, project);
  for (const uuid of rest.checkpoints) await unlessGone(deleteCheckpoint(context, { uuid }));
  for (const uuid of rest.datasets) await unlessGone(deleteDataset(context, { uuid }));
  for (const uuid of rest.uploads) await removeUpload(app, uuid, new Date());
}

/** Ignores not_found: a concurrent request may have deleted the resource. */
async function unlessGone(deletion: Promise<void>): Promise<void> {
  try {
    await deletion;
  } catch (error) {
    if (!(error instanceof HanamiError) || error.kind !== "not_found") throw error;
  }
}
