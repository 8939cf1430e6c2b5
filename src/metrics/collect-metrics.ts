import { and, count, countDistinct, eq, isNull, sql } from "drizzle-orm";
import type { Gauge } from "prom-client";
import type { App } from "../app-context.ts";
import { uploadTarget, checkpoints, clusters, datasets, isOpenTask, tasks, tempfiles } from "../db/schema/index.ts";
import { hostLabels, type Metrics } from "./metrics.ts";

const states = ["queued", "active", "finished", "aborted", "failed"] as const;

const ofHost = ["host", "type"] as const;

/** Gauges that are set anew for each answer. */
function createGauges(metrics: Metrics) {
  const gauge = metrics.gauge.bind(metrics);
  return {
    databaseUp: gauge("hanami_database_up", "1 while the database answers; without it what it knows is missing here."),
    tasks: gauge("hanami_tasks", "Tasks by state.", ["state"]),
    queueTasks: gauge("hanami_queue_tasks", "Tasks that wait.", ofHost),
    queueClusters: gauge("hanami_queue_clusters", "Clusters with tasks that wait.", ofHost),
    queueSeconds: gauge("hanami_queue_oldest_seconds", "Age of the task that has waited for longest.", ofHost),
    clusters: gauge("hanami_clusters", "Clusters."),
    datasets: gauge("hanami_datasets", "Datasets, with uploads and results."),
    checkpoints: gauge("hanami_checkpoints", "Checkpoints."),
    uploads: gauge("hanami_uploads", "Uploads that are not finished."),
    websockets: gauge("hanami_websockets", "Open websockets that have said what they want.", ["target"]),
    hostUp: gauge("hanami_host_up", "1 while the host answers.", ofHost),
    hostLoad: gauge("hanami_host_load", "Share of the last seconds that was spent computing.", ofHost),
    hostFree: gauge("hanami_host_memory_free_bytes", "Memory that networks may still take.", ofHost),
    hostTotal: gauge("hanami_host_memory_bytes", "Memory that networks may take.", ofHost),
    hostClusters: gauge("hanami_host_clusters", "Networks in the host's memory.", ofHost),
    sections: gauge("hanami_network_sections", "Sections of the networks in memory: growth.", ofHost),
    synapses: gauge("hanami_network_synapses", "Synapses of the networks in memory: growth.", ofHost),
    neurons: gauge("hanami_network_neurons", "Neurons of the networks in memory.", ofHost),
    networkBytes: gauge("hanami_network_bytes", "Size of the networks in memory.", ofHost),
  };
}

type Gauges = ReturnType<typeof createGauges>;

/**
 * Reads the figures that come from the database. Ended and deleted rows cost nothing, living ones 0.1 to 0.4 us each:
 * they are counted by an index.
 */
async function lookUp({ db, metrics }: App) {
  const byQueue = await db
    .select({
      host: clusters.host_uuid,
      state: tasks.state,
      tasks: count(),
      clusters: countDistinct(clusters.uuid),
      seconds: sql<number>`extract(epoch from now() - min(${tasks.queued_at}))`.mapWith(Number),
    })
    .from(tasks)
    .innerJoin(clusters, eq(clusters.uuid, tasks.cluster_uuid))
    .where(and(isOpenTask, isNull(clusters.deleted_at)))
    .groupBy(clusters.host_uuid, tasks.state);
  const open = (state: "queued" | "active") =>
    byQueue.filter((queue) => queue.state === state).reduce((sum, queue) => sum + queue.tasks, 0);
  const live = (table: typeof clusters | typeof datasets | typeof checkpoints) =>
    sql<number>`(${db.select({ value: count() }).from(table).where(isNull(table.deleted_at))})`.mapWith(Number);
  const uploads = db
    .select({ value: countDistinct(uploadTarget) })
    .from(tempfiles)
    .where(isNull(tempfiles.deleted_at));
  const [counts] = await db
    .select({
      clusters: live(clusters),
      datasets: live(datasets),
      checkpoints: live(checkpoints),
      uploads: sql<number>`(${uploads})`.mapWith(Number),
    })
    .from(sql`(select 1) as one_row`);
  const ended = await metrics.endedTasks.read(db);
  return {
    byState: new Map(ended).set("queued", open("queued")).set("active", open("active")),
    queues: new Map(byQueue.filter(({ state }) => state === "queued").map((queue) => [queue.host, queue])),
    counts,
  };
}

type Queues = Awaited<ReturnType<typeof lookUp>>["queues"];

/** Prometheus gives up after ten seconds by default. */
const answerMs = 5000;

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the database does not answer")), answerMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function collectHosts(app: App, gauges: Gauges, queues: Queues | undefined) {
  const hosts = await Promise.all(
    // A host that is down has no figures, but the others do.
    app.hosts.list().map(async (host) => ({ host, status: await host.status().catch(() => undefined) })),
  );
  const networks = app.scheduler.networks();
  // No await from here on, so that a concurrent request never sees half of the figures.
  for (const gauge of Object.values(gauges) as Gauge[]) gauge.reset();
  for (const [index, { host, status }] of hosts.entries()) {
    const labels = hostLabels(index, host.type);
    const isSilent = host.silentMs > 0;
    gauges.hostUp.set(labels, status === undefined || isSilent ? 0 : 1);
    if (isSilent) gauges.hostLoad.set(labels, 1);
    if (status !== undefined) {
      if (!isSilent) gauges.hostLoad.set(labels, status.load);
      gauges.hostFree.set(labels, status.memoryBytesFree);
      gauges.hostTotal.set(labels, status.memoryBytesTotal);
      gauges.hostClusters.set(labels, status.clusters);
    }
    const queue = queues?.get(host.uuid);
    if (queues !== undefined) {
      gauges.queueTasks.set(labels, queue?.tasks ?? 0);
      gauges.queueClusters.set(labels, queue?.clusters ?? 0);
      gauges.queueSeconds.set(labels, queue?.seconds ?? 0);
    }
    const grown = { sections: 0, synapses: 0, neurons: 0, bytes: 0 };
    for (const { hostUuid, figures } of networks) {
      if (hostUuid !== host.uuid) continue;
      for (const key of ["sections", "synapses", "neurons", "bytes"] as const) grown[key] += figures[key];
    }
    gauges.sections.set(labels, grown.sections);
    gauges.synapses.set(labels, grown.synapses);
    gauges.neurons.set(labels, grown.neurons);
    gauges.networkBytes.set(labels, grown.bytes);
  }
}

const gaugesOf = new WeakMap<Metrics, Gauges>();

/**
 * All figures of the server in Prometheus' text format. They name no user, project or resource, except that
 * `withClusters` adds the uuids of the clusters that computed last.
 */
export async function collectMetrics(app: App, { withClusters }: { withClusters: boolean }): Promise<string> {
  const gauges = gaugesOf.get(app.metrics) ?? createGauges(app.metrics);
  gaugesOf.set(app.metrics, gauges);
  // An outage of the database is when the other figures matter most.
  const found = await inTime(lookUp(app)).catch((error: unknown) => {
    app.log.warn({ err: error }, "metrics without the database");
  });
  await collectHosts(app, gauges, found?.queues);
  gauges.databaseUp.set(found === undefined ? 0 : 1);
  if (found === undefined) {
    // Unknown is not zero.
    for (const gauge of [gauges.clusters, gauges.datasets, gauges.checkpoints, gauges.uploads]) gauge.remove();
  } else {
    for (const state of states) gauges.tasks.set({ state }, found.byState.get(state) ?? 0);
    for (const noun of ["clusters", "datasets", "checkpoints", "uploads"] as const) {
      gauges[noun].set(found.counts?.[noun] ?? 0);
    }
  }
  for (const [target, value] of app.connections.countByTarget()) gauges.websockets.set({ target }, value);
  const text = await app.metrics.text();
  return withClusters ? `${text}${app.metrics.clusterCycles.text()}${app.metrics.clusterScores.text()}` : text;
}
