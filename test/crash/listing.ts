import type { RunningServer } from "../support/server-process.ts";

type Table = { header: string[]; body: unknown[][] };

/** A list of the server as objects. */
export async function list(server: RunningServer, path: string): Promise<Record<string, string>[]> {
  const { header, body } = await server.ask<Table>("GET", path);
  return body.map((row) => Object.fromEntries(header.map((key, index) => [key, row[index] as string])));
}

/** Everything that the server lists. */
export interface Listing {
  projects: Set<string>;
  users: Set<string>;
  /** By uuid. */
  datasets: Map<string, Record<string, string>>;
  clusters: Map<string, Record<string, string>>;
  checkpoints: Map<string, Record<string, string>>;
}

export async function takeListing(server: RunningServer): Promise<Listing> {
  const byUuid = async (path: string) => new Map((await list(server, path)).map((row) => [row["uuid"] as string, row]));
  const ids = async (path: string) => new Set((await list(server, path)).map((row) => row["id"] as string));
  return {
    projects: await ids("/project/all"),
    users: await ids("/user/all"),
    datasets: await byUuid("/dataset/all"),
    clusters: await byUuid("/cluster/all"),
    checkpoints: await byUuid("/checkpoint/all"),
  };
}
