import { NotFoundError } from "../errors.ts";
import { TableError, type TableResources } from "./resources.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The uuid of a cluster that is given by its uuid or its name. Throws TableError for the name of several. */
export async function clusterUuid({ clusters }: Pick<TableResources, "clusters">, cluster: string): Promise<string> {
  if (UUID.test(cluster)) return cluster;
  const found = (await clusters.list()).filter(({ name }) => name === cluster);
  const [first, second] = found;
  if (first === undefined) throw new NotFoundError(`There is no cluster with the name '${cluster}'.`, 404);
  if (second === undefined) return first.uuid;
  const uuids = found.map(({ uuid }) => uuid).join(", ");
  throw new TableError(`Several clusters have the name '${cluster}'; give the uuid of one: ${uuids}`);
}
