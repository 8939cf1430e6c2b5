import type { Context } from "../app-context.ts";
import type { ClusterFigures } from "./cluster-network.ts";
import { findCluster } from "./find-cluster.ts";
import type { ClusterRow } from "../db/rows.ts";

export interface ShownCluster extends ClusterFigures {
  cluster: ClusterRow;
  /**
   * `lost`: the host cannot take the network, see `unavailable`. `gone`: this server has no such host, and the default
   * one stands in.
   */
  hostState: "ready" | "lost" | "gone";
}

/** A cluster, the figures of its network, and whether its host has it. */
export async function getCluster(context: Context, { uuid }: { uuid: string }): Promise<ShownCluster> {
  const { scheduler, hosts } = context.app;
  let cluster = await findCluster(context, uuid);
  let figures = scheduler.knownFigures(cluster.uuid);
  if (figures === undefined) {
    figures = await scheduler.figures(cluster.uuid);
    // Read again: it may have moved while its turn was waited for.
    cluster = await findCluster(context, uuid);
  }
  const isKnown = hosts.get(cluster.host_uuid) !== undefined;
  return { cluster, ...figures, hostState: !isKnown ? "gone" : figures.unavailable === null ? "ready" : "lost" };
}
