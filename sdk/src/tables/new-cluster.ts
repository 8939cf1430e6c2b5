import { ConflictError } from "../errors.ts";
import type { Cluster, NewCluster } from "../resources/clusters.ts";
import type { TableResources } from "./resources.ts";

const NAME_LENGTH = { min: 4, max: 240 };
/** Names that are tried when others take them meanwhile. */
const TRIES_MAX = 5;

/** A name for a dataset and a cluster, made of the name of a file, or any text. */
export function nameFrom(text: string): string {
  const stem = text.replace(/\.gz$/i, "").replace(/\.[^.]*$/, "");
  const plain = stem.replace(/[^a-zA-Z0-9_\- ]+/g, "_").replace(/^[^a-zA-Z]+/, "");
  const name = plain.slice(0, NAME_LENGTH.max).trimEnd();
  return name.length < NAME_LENGTH.min ? `table ${name}`.trimEnd() : name;
}

/** Creates a cluster; where another one has its name, a number follows the name. */
export async function createCluster(
  { clusters }: Pick<TableResources, "clusters">,
  cluster: NewCluster,
): Promise<Cluster> {
  for (let tries = 1; ; tries++) {
    const name = tries === 1 ? cluster.name : await freeName(clusters, cluster.name);
    try {
      return await clusters.create({ ...cluster, name });
    } catch (error) {
      if (!(error instanceof ConflictError) || tries === TRIES_MAX) throw error;
      const isTaken = (await clusters.list()).some((other) => other.name === name);
      if (!isTaken) throw error;
    }
  }
}

async function freeName(clusters: TableResources["clusters"], name: string): Promise<string> {
  const taken = new Set((await clusters.list()).map((other) => other.name));
  let number = 2;
  while (taken.has(`${name} ${number}`)) number++;
  return `${name} ${number}`;
}
