import { access, constants, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { syncFolder } from "./durable-file.ts";
import { StartError } from "../errors.ts";

/** Paths of the data directory and its folders. */
export interface Storage {
  readonly root: string;
  readonly database: string;
  readonly datasets: string;
  readonly tempfiles: string;
  readonly clusters: string;
  readonly checkpoints: string;
}

/** Creates missing folders. Throws StartError when the data directory cannot be used. */
export async function openStorage(root: string): Promise<Storage> {
  const storage: Storage = {
    root,
    database: join(root, "database"),
    datasets: join(root, "datasets"),
    tempfiles: join(root, "tempfiles"),
    clusters: join(root, "clusters"),
    checkpoints: join(root, "checkpoints"),
  };
  // Hashes of passphrases and data of users must not be readable for other users of the machine.
  try {
    for (const folder of Object.values(storage)) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    }
    await syncFolder(root);
  } catch (error) {
    throw new StartError(`The data directory ${root} cannot be used: ${(error as Error).message}`, { cause: error });
  }
  return storage;
}

/** Path of a row's file. It contains the uuid that the server generated, never a client's text. */
export const datasetPath = (storage: Storage, uuid: string) => join(storage.datasets, uuid);
export const tempfilePath = (storage: Storage, uuid: string) => join(storage.tempfiles, uuid);
export const checkpointPath = (storage: Storage, uuid: string) => join(storage.checkpoints, `${uuid}.safetensors`);
