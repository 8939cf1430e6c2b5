import { cpus } from "node:os";
import { HostClient } from "../host-client.ts";
import type { Host } from "../host.ts";
import { workerLink } from "./worker-link.ts";

/** The CPU of this machine as a host. Its thread starts with the first call. */
export function openCpuHost(uuid: string): Host {
  const name = cpus()[0]?.model.trim() || "CPU";
  const script = new URL("./cpu-worker.js", import.meta.url);
  return new HostClient({ uuid, type: "cpu", name }, workerLink(script, "cpu-host"));
}
