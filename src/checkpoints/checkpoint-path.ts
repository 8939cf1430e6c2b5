import { join } from "node:path";
import type { Storage } from "../storage.ts";

/** Where the bytes of a checkpoint lie. The uuid comes from the database, never from a client. */
export function checkpointPath(storage: Storage, uuid: string): string {
  return join(storage.checkpoints, `${uuid}.safetensors`);
}
