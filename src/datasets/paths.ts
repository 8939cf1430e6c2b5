import { join } from "node:path";
import type { Storage } from "../storage.ts";

/** Files carry the server-made uuid of their row and nothing else. */
export const datasetPath = (storage: Storage, uuid: string) => join(storage.datasets, uuid);
export const tempfilePath = (storage: Storage, uuid: string) => join(storage.tempfiles, uuid);
