import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { RunningServer } from "../support/server-process.ts";
import { list, takeListing } from "./listing.ts";

/** Files of the data directory that belong to no listed resource: left over from a kill. */
export async function findLeftOvers(server: RunningServer, dataDir: string): Promise<string[]> {
  const before = await takeListing(server);
  const names = new Map<string, string[]>();
  const folders = ["datasets", "tempfiles", "clusters", "checkpoints"];
  for (const folder of folders) names.set(folder, await readdir(join(dataDir, folder)));
  // Listed twice, because running work may finish something in between.
  const after = await takeListing(server);
  const saves: string[] = [];
  for (const cluster of after.clusters.keys()) {
    saves.push(...(await list(server, `/task/all?cluster_uuid=${cluster}`)).map(({ uuid }) => uuid as string));
  }
  const known = {
    datasets: [...before.datasets.keys(), ...after.datasets.keys()],
    clusters: [...before.clusters.keys(), ...after.clusters.keys()],
    checkpoints: [...before.checkpoints.keys(), ...after.checkpoints.keys(), ...saves],
  };
  return Object.entries(known).flatMap(([folder, uuids]) =>
    (names.get(folder) as string[])
      .filter((name) => !uuids.includes(name.slice(0, 36)))
      .map((name) => join(folder, name)),
  );
}
