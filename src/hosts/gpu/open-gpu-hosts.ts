import type { Logger } from "pino";
import type { Db } from "../../db/client.ts";
import { HostClient, type HostClientOptions } from "../host-client.ts";
import { hostUuid } from "../host-uuid.ts";
import type { Host } from "../host.ts";
import { findGpus, type FoundGpu } from "./find-gpus.ts";
import { processLink } from "./process-link.ts";

/** The script of a GPU host's process. */
export const gpuProcess = new URL("./gpu-process.js", import.meta.url);

/**
 * Opens one host per GPU of this machine. `memoryBytesMax` caps the memory budget of the networks on each. A host's
 * process starts with the first call.
 */
export async function openGpuHosts({
  software,
  memoryBytesMax,
  ...open
}: OpenOptions & { software: boolean; memoryBytesMax: number | undefined }): Promise<Host[]> {
  const found = await findGpus({ software, log: open.log });
  if (memoryBytesMax === undefined) return openHostsOf({ ...open, found });
  const bounded = ({ memoryBytes, ...gpu }: FoundGpu): FoundGpu => ({
    ...gpu,
    memoryBytes: Math.min(memoryBytes ?? Infinity, memoryBytesMax),
  });
  return openHostsOf({ ...open, found: found.map(bounded) });
}

interface OpenOptions {
  db: Db;
  log: Logger;
  watch?: HostClientOptions;
}

/** Opens a host for each of these GPUs. A GPU keeps its uuid across restarts. */
export async function openHostsOf({ db, log, watch, found }: OpenOptions & { found: FoundGpu[] }): Promise<Host[]> {
  const hosts: Host[] = [];
  const keys = new Set<string>();
  for (const { choice, vendor, name, driver, isSoftware, maxBufferBytes, hidden, address, memoryBytes } of found) {
    const plain = isSoftware ? "gpu:software" : `gpu:${vendor}:${name}`;
    // The first GPU of a name keeps its uuid when a second one is installed, or when it moves to another slot.
    const key = keys.has(plain) ? `${plain}:${address}` : plain;
    keys.add(key);
    const uuid = await hostUuid(db, key);
    const device = { vendor, driver, bufferBytesMax: maxBufferBytes };
    const facts = { type: "gpu" as const, name: choice.adapter };
    log.info({ host: uuid, ...facts, ...device, address, memoryBytes }, "host");
    const argument = { ...(isSoftware ? { software: true } : choice), memoryBytes };
    hosts.push(new HostClient({ uuid, ...facts, device }, processLink(gpuProcess, argument, { hidden }), watch));
  }
  return hosts;
}
