import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { syncFolder } from "./datasets/file/writer.ts";

/** Where things lie in the data directory. File names are uuids that the server made, never a client's text. */
export interface Storage {
  readonly root: string;
  readonly database: string;
  readonly datasets: string;
  readonly tempfiles: string;
  readonly clusters: string;
  readonly checkpoints: string;
}

export async function openStorage(root: string): Promise<Storage> {
  const storage: Storage = {
    root,
    database: join(root, "database"),
    datasets: join(root, "datasets"),
    tempfiles: join(root, "tempfiles"),
    clusters: join(root, "clusters"),
    checkpoints: join(root, "checkpoints"),
  };
  // The passphrases' hashes and everybody's data are nobody else's business.
  for (const folder of Object.values(storage)) await mkdir(folder, { recursive: true, mode: 0o700 });
  await syncFolder(root);
  return storage;
}
