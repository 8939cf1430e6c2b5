import { count, eq, isNull } from "drizzle-orm";
import type { App } from "../app-context.ts";
import { clusters, datasets, tasks } from "../db/schema/index.ts";

/** One family of Prometheus' text format; labels are of the server's own making, never a client's text. */
function gauge(name: string, values: readonly [labels: string, value: number][]): string[] {
  const lines = values.map(([labels, value]) => `${name}${labels === "" ? "" : `{${labels}}`} ${value}`);
  return [`# TYPE ${name} gauge`, ...lines];
}

/** All figures of the server for Prometheus. Sums only: nothing in it names a user, a project or a resource. */
export async function collectMetrics(app: App): Promise<string> {
  const { db } = app;
  const byState = await db
    .select({ state: tasks.state, value: count() })
    .from(tasks)
    .innerJoin(clusters, eq(clusters.uuid, tasks.cluster_uuid))
    .where(isNull(clusters.deleted_at))
    .groupBy(tasks.state);
  const [clusterCount] = await db.select({ value: count() }).from(clusters).where(isNull(clusters.deleted_at));
  const [datasetCount] = await db.select({ value: count() }).from(datasets).where(isNull(datasets.deleted_at));
  const states = ["queued", "active", "finished", "aborted", "failed"] as const;
  const hosts = await Promise.all(
    app.hosts.list().map(async (host, index) => ({
      labels: `host="${index}",type="${host.type}"`,
      // A host that is down has no figures, but the others do.
      status: await host.status().catch(() => undefined),
    })),
  );
  const ofHosts = (value: (status: NonNullable<(typeof hosts)[number]["status"]>) => number) =>
    hosts.flatMap(({ labels, status }): [string, number][] => (status === undefined ? [] : [[labels, value(status)]]));
  const lines = [
    ...app.apiMetrics.lines(),
    ...gauge(
      "hanami_tasks",
      states.map((state) => [`state="${state}"`, byState.find((row) => row.state === state)?.value ?? 0]),
    ),
    ...gauge("hanami_clusters", [["", clusterCount?.value ?? 0]]),
    ...gauge("hanami_datasets", [["", datasetCount?.value ?? 0]]),
    ...gauge("hanami_websockets", [["", app.connections.count()]]),
    ...gauge(
      "hanami_host_up",
      hosts.map(({ labels, status }) => [labels, status === undefined ? 0 : 1]),
    ),
    ...gauge(
      "hanami_host_load",
      ofHosts(({ load }) => load),
    ),
    ...gauge(
      "hanami_host_memory_free_bytes",
      ofHosts(({ memoryBytesFree }) => memoryBytesFree),
    ),
    ...gauge(
      "hanami_host_memory_total_bytes",
      ofHosts(({ memoryBytesTotal }) => memoryBytesTotal),
    ),
    ...gauge(
      "hanami_host_clusters",
      ofHosts((status) => status.clusters),
    ),
    ...gauge("process_resident_memory_bytes", [["", process.memoryUsage.rss()]]),
    ...gauge("process_uptime_seconds", [["", process.uptime()]]),
  ];
  return `${lines.join("\n")}\n`;
}
