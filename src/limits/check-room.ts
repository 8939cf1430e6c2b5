import { and, count, eq, inArray, isNull } from "drizzle-orm";
import type { App } from "../app-context.ts";
import type { Db } from "../db/client.ts";
import { clusters, tasks } from "../db/schema/index.ts";
import { conflict } from "../errors.ts";

/** Throws 409 when the project has as many clusters as a project may have. */
export async function checkRoomForCluster(app: Pick<App, "config">, db: Db, projectId: string): Promise<void> {
  const { clustersPerProject } = app.config.limits;
  const [row] = await db
    .select({ value: count() })
    .from(clusters)
    .where(and(eq(clusters.project_id, projectId), isNull(clusters.deleted_at)));
  if ((row?.value ?? 0) >= clustersPerProject) {
    throw conflict(`Project with id '${projectId}' has ${clustersPerProject} clusters, which is the limit.`);
  }
}

/** Throws 409 when the project has as many unfinished tasks as a project may have. */
export async function checkRoomForTask(app: Pick<App, "config">, db: Db, projectId: string): Promise<void> {
  const { tasksPerProject } = app.config.limits;
  const [row] = await db
    .select({ value: count() })
    .from(tasks)
    .innerJoin(clusters, eq(clusters.uuid, tasks.cluster_uuid))
    .where(
      and(eq(tasks.project_id, projectId), inArray(tasks.state, ["queued", "active"]), isNull(clusters.deleted_at)),
    );
  if ((row?.value ?? 0) >= tasksPerProject) {
    throw conflict(`Project with id '${projectId}' has ${tasksPerProject} unfinished tasks, which is the limit.`);
  }
}
