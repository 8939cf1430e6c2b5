import type { Context } from "../app-context.ts";
import { conflict, notFound } from "../errors.ts";
import { findHost } from "../hosts/find-host.ts";
import { HostError, HostLostError } from "../hosts/host-errors.ts";
import { parseTemplate } from "../network/template/parse-template.ts";
import { findCluster } from "./find-cluster.ts";
import type { ClusterRow } from "../db/rows.ts";

/**
 * Moves a cluster to another host; a running task is moved between two slices. Always moves the whole cluster:
 * `hexagon_id` is only checked. Throws 409 with the reason when the move fails; the cluster then stays where it is.
 */
export async function switchHost(
  context: Context,
  input: { cluster_uuid: string; host_uuid: string; hexagon_id?: number | undefined },
): Promise<ClusterRow> {
  const cluster = await findCluster(context, input.cluster_uuid);
  const host = findHost(context, input.host_uuid);
  const hexagons = parseTemplate(cluster.template).hexagons.length;
  if (input.hexagon_id !== undefined && input.hexagon_id >= hexagons) {
    throw notFound(
      `Cluster with UUID '${input.cluster_uuid}' does not contain a hexagon with ID '${input.hexagon_id}'`,
    );
  }
  try {
    await context.app.scheduler.exclusive(cluster.uuid, (network) => network.moveTo(host));
  } catch (error) {
    if (!(error instanceof HostError || error instanceof HostLostError)) throw error;
    throw conflict(`Can not move cluster to host with uuid '${input.host_uuid}': ${error.message}`);
  }
  return cluster;
}
