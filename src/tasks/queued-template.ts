import { and, desc, eq, sql } from "drizzle-orm";
import type { Context } from "../app-context.ts";
import type { ClusterRow } from "../db/rows.ts";
import { isOpenTask, tasks } from "../db/schema/index.ts";
import { parseTemplate, type Template } from "../network/template/parse-template.ts";

/** The template that the cluster will have when a task queued now starts. */
export async function queuedTemplate({ app }: Context, cluster: ClusterRow): Promise<Template> {
  const [restore] = await app.db
    .select({ plan: tasks.plan })
    .from(tasks)
    .where(and(eq(tasks.cluster_uuid, cluster.uuid), isOpenTask, sql`${tasks.plan} ->> 'kind' = 'restore'`))
    .orderBy(desc(tasks.sequence))
    .limit(1);
  return parseTemplate(restore?.plan.kind === "restore" ? restore.plan.template : cluster.template);
}
