import type { Context } from "../app-context.ts";
import type { NetworkMetrics } from "../hosts/host.ts";
import { findCluster, type ClusterRow } from "./find-cluster.ts";

/** A cluster and the figures of its network. */
export async function getCluster(
  context: Context,
  { uuid }: { uuid: string },
): Promise<{ cluster: ClusterRow; metrics: NetworkMetrics }> {
  const cluster = await findCluster(context, uuid);
  return { cluster, metrics: await context.app.scheduler.metrics(cluster.uuid) };
}
