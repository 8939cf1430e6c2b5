import { and, count, countDistinct, eq, isNotNull, isNull, sql } from "drizzle-orm";
import type { App } from "../app-context.ts";
import {
  uploadTarget,
  checkpoints,
  clusters,
  datasets,
  isOpenTask,
  notifications,
  tasks,
  tempfiles,
} from "../db/schema/index.ts";
import type { Db } from "../db/client.ts";
import { conflict } from "../errors.ts";

/** The kinds with a limit per project, and their names in the refusal. */
const nouns = {
  uploads: "running uploads",
  datasets: "datasets",
  checkpoints: "checkpoints",
  clusters: "clusters",
  tasks: "unfinished tasks",
  notifications: "notifications to deliver",
} as const;

type Kind = keyof typeof nouns;

/** The text of the refusal; the defaults yield the text that the API documentation shows. */
export const noRoomText = (kind: Kind, projectId = "{id}", limit: number | string = "{number}") =>
  `Project with id '${projectId}' has ${limit} ${nouns[kind]}, which is the limit.`;

/** How many of each kind the project has. */
const counts: Record<Kind, (tx: Db, projectId: string) => Promise<number>> = {
  async uploads(tx, projectId) {
    const [row] = await tx
      .select({ value: countDistinct(uploadTarget) })
      .from(tempfiles)
      .where(and(eq(tempfiles.project_id, projectId), isNull(tempfiles.deleted_at)));
    return row?.value ?? 0;
  },
  async datasets(tx, projectId) {
    const [row] = await tx
      .select({ value: count() })
      .from(datasets)
      .where(and(eq(datasets.project_id, projectId), isNull(datasets.deleted_at)));
    return row?.value ?? 0;
  },
  /** Includes checkpoints that are being uploaded, or will be saved by an unfinished task. */
  async checkpoints(tx, projectId) {
    const [made] = await tx
      .select({ value: count() })
      .from(checkpoints)
      .where(and(eq(checkpoints.project_id, projectId), isNull(checkpoints.deleted_at)));
    const [uploaded] = await tx
      .select({ value: count() })
      .from(tempfiles)
      .where(
        and(eq(tempfiles.project_id, projectId), isNotNull(tempfiles.checkpoint_uuid), isNull(tempfiles.deleted_at)),
      );
    const [saved] = await unfinishedTasks(tx, projectId, sql`${tasks.plan} ->> 'kind' = 'save'`);
    return (made?.value ?? 0) + (uploaded?.value ?? 0) + (saved?.value ?? 0);
  },
  async clusters(tx, projectId) {
    const [row] = await tx
      .select({ value: count() })
      .from(clusters)
      .where(and(eq(clusters.project_id, projectId), isNull(clusters.deleted_at)));
    return row?.value ?? 0;
  },
  async tasks(tx, projectId) {
    const [row] = await unfinishedTasks(tx, projectId);
    return row?.value ?? 0;
  },
  /** Includes those of unfinished tasks. */
  async notifications(tx, projectId) {
    const [pending] = await tx
      .select({ value: count() })
      .from(notifications)
      .where(eq(notifications.project_id, projectId));
    const [later] = await unfinishedTasks(tx, projectId, isNotNull(tasks.notify_url));
    return (pending?.value ?? 0) + (later?.value ?? 0);
  },
};

function unfinishedTasks(tx: Db, projectId: string, condition = sql`true`) {
  return tx
    .select({ value: count() })
    .from(tasks)
    .innerJoin(clusters, eq(clusters.uuid, tasks.cluster_uuid))
    .where(and(eq(tasks.project_id, projectId), isOpenTask, isNull(clusters.deleted_at), condition));
}

/**
 * Call it in the transaction that inserts the row. It holds a lock until commit, so concurrent inserts into the project
 * are serialized and cannot exceed the limit. Throws 409 at the limit. Check several kinds in the order of `nouns`, or
 * two callers deadlock.
 */
export async function checkRoom(app: Pick<App, "config">, tx: Db, kind: Kind, projectId: string): Promise<void> {
  const { limits } = app.config;
  const limit = {
    uploads: limits.uploadsPerProject,
    datasets: limits.datasetsPerProject,
    checkpoints: limits.checkpointsPerProject,
    clusters: limits.clustersPerProject,
    tasks: limits.tasksPerProject,
    notifications: limits.tasksPerProject,
  }[kind];
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`${kind} of ${projectId}`}, 0))`);
  if ((await counts[kind](tx, projectId)) >= limit) {
    throw conflict(noRoomText(kind, projectId, limit));
  }
}
