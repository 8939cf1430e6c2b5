import type { Context } from "../app-context.ts";
import type { ClusterRow } from "../db/rows.ts";
import { isUnavailable } from "../hosts/host-errors.ts";
import type { Host } from "../hosts/host.ts";
import type { NetworkFigures } from "../network/network-figures.ts";
import { findCluster } from "./find-cluster.ts";
import type { ClusterScore } from "./rolling-score.ts";
import { storedFigures } from "./stored-figures.ts";

export interface ShownCluster {
  cluster: ClusterRow;
  /** Of the network on its host; while no host has it, of its snapshot. */
  figures: NetworkFigures;
  /** Why the cluster's host does not take the network; null while it has the network or would take it. */
  unavailable: string | null;
  /**
   * `lost`: the host does not take the network, see `unavailable`. `gone`: this server has no such host, and the
   * default host is used instead.
   */
  hostState: "ready" | "lost" | "gone";
  /** Of direct IO and of `learn`; undefined when it has learnt nothing so of late. */
  score: ClusterScore | undefined;
}

/** A cluster, the figures of its network, and whether its host has it or would take it. Attaches nothing. */
export async function getCluster(context: Context, { uuid }: { uuid: string }): Promise<ShownCluster> {
  const { scheduler, hosts, directScores } = context.app;
  const cluster = await findCluster(context, uuid);
  const host = hosts.get(cluster.host_uuid);
  const hostState = host === undefined ? "gone" : "ready";
  const score = directScores.of(cluster.uuid);
  const live = scheduler.liveFigures(cluster.uuid);
  if (live !== undefined) return { cluster, figures: live, unavailable: null, hostState, score };
  const figures = await storedFigures(context, cluster);
  const unavailable = scheduler.refusal(cluster.uuid) ?? (await reasonOfLoss(host ?? hosts.default()));
  return {
    cluster,
    figures,
    unavailable,
    hostState: unavailable === null || host === undefined ? hostState : "lost",
    score,
  };
}

/** Why the host is lost; null when it answers. */
async function reasonOfLoss(host: Host): Promise<string | null> {
  if (host.lastStatus !== null) return null;
  try {
    await host.status();
    return null;
  } catch (error) {
    if (isUnavailable(error)) return error.message;
    throw error;
  }
}
