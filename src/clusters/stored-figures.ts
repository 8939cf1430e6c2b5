import { and, eq, isNull } from "drizzle-orm";
import { join } from "node:path";
import type { Context } from "../app-context.ts";
import type { ClusterRow } from "../db/rows.ts";
import { clusters } from "../db/schema/index.ts";
import { isMissing } from "../files/is-missing.ts";
import { emptyFigures, type NetworkFigures } from "../network/network-figures.ts";
import { parseTemplate } from "../network/template/parse-template.ts";
import { readClusterRow } from "./cluster-row.ts";
import { readFigures } from "./read-network.ts";

/** The figures of a cluster's snapshot, as its row has them. Those of a snapshot from elsewhere are read once. */
export async function storedFigures({ app }: Context, row: ClusterRow): Promise<NetworkFigures> {
  const { uuid, snapshot, figures, template, project_id, owner_uuid, owner_id } = row;
  if (figures !== null) return figures;
  if (snapshot === null) return emptyFigures(parseTemplate(template));
  let read: NetworkFigures;
  try {
    read = await readFigures(join(app.storage.clusters, snapshot), { group: project_id, user: owner_uuid ?? owner_id });
  } catch (error) {
    if (!isMissing(error)) throw error;
    // A newer snapshot, which has figures, has just replaced this one, or the cluster has been deleted.
    const { figures: newer } = await readClusterRow(app.db, uuid);
    if (newer === null) throw error;
    return newer;
  }
  const isSame = and(eq(clusters.uuid, uuid), eq(clusters.snapshot, snapshot), isNull(clusters.figures));
  await app.db.update(clusters).set({ figures: read }).where(isSame);
  return read;
}
