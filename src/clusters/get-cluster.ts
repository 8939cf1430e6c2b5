import type { Context } from "../app-context.ts";
import type { ClusterFigures } from "./cluster-network.ts";
import { findCluster } from "./find-cluster.ts";
import type { ClusterRow } from "../db/rows.ts";

export interface ShownCluster extends ClusterFigures {
  cluster: ClusterRow;
  /**
   * `lost`: the host cannot take the network, see `unavailable`. `gone`: this server has no such host, and the default
   * host is used instead.
   */
  hostState: "ready" | "lost" | "gone";
}

/** A cluster, the figures of its network, and whether its host has it. */
export async function getCluster(context: Context, { uuid }: { uuid: string }): Promise<ShownCluster> {
  const { scheduler, hosts } = context.app;
  let cluster = await findCluster(context, uuid);
  let known = scheduler.knownFigures(cluster.uuid);
  if (known === undefined) {
    known = await scheduler.figures(cluster.uuid);
    // Read again: the cluster may have moved while this call waited for its turn.
    cluster = await findCluster(context, uuid);
  }
  const isKnown = hosts.get(cluster.host_uuid) !== undefined;
  return { cluster, ...known, hostState: !isKnown ? "gone" : known.unavailable === null ? "ready" : "lost" };
}
