import { availableParallelism, cpus } from "node:os";
import { HostClient } from "../host-client.ts";
import type { Host } from "../host.ts";
import { workerLink } from "./worker-link.ts";

/** The CPU of this machine as a host. Its threads start with the first call; `threads` of them compute. */
export function openCpuHost(uuid: string, threads = availableParallelism()): Host {
  const name = cpus()[0]?.model.trim() || "CPU";
  const script = new URL("./cpu-worker.js", import.meta.url);
  return new HostClient({ uuid, type: "cpu", name }, workerLink(script, "cpu-host", { threads }));
}
