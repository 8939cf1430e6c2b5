import { availableParallelism, cpus } from "node:os";
import { HostClient, type HostClientOptions } from "../host-client.ts";
import type { Host } from "../host.ts";
import { workerLink } from "./worker-link.ts";

export interface CpuHostOptions {
  /** Number of computing threads; defaults to one per processor. */
  threads: number | undefined;
  /** Memory budget of the networks. */
  memoryBytes: number;
  watch?: HostClientOptions;
}

/** Opens this machine's CPU as a host. Its threads start with the first call. */
export function openCpuHost(
  uuid: string,
  { threads = availableParallelism(), memoryBytes, watch }: CpuHostOptions,
): Host {
  const name = cpus()[0]?.model.trim() || "CPU";
  const script = new URL("./cpu-worker.js", import.meta.url);
  const link = workerLink(script, "cpu-host", { threads, memoryBytes });
  return new HostClient({ uuid, type: "cpu", name }, link, watch);
}
