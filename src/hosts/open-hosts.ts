import type { Logger } from "pino";
import type { Config } from "../server/config.ts";
import type { Db } from "../db/client.ts";
import { openCpuHost } from "./cpu/open-cpu-host.ts";
import { openGpuHosts } from "./gpu/open-gpu-hosts.ts";
import type { HostClientOptions } from "./host-client.ts";
import { hostUuid } from "./host-uuid.ts";
import { createHostRegistry, type HostRegistry } from "./registry.ts";

/** Opens the hosts of this machine. Each starts to compute with its first call. */
export async function openHosts({ db, config, log }: { db: Db; config: Config; log: Logger }): Promise<HostRegistry> {
  const watch: HostClientOptions = {
    timeoutMs: config.hostTimeoutMs,
    onHung: (hung) => log.error(hung, "a host was ended: a call took too long"),
  };
  const cpu = openCpuHost(await hostUuid(db, "cpu"), {
    threads: config.cpuThreads,
    memoryBytes: config.cpuMemoryBytes,
    watch,
  });
  log.info({ host: cpu.uuid, type: cpu.type, name: cpu.name }, "host");
  return createHostRegistry([
    cpu,
    ...(await openGpuHosts({ db, log, watch, software: config.softwareGpu, memoryBytesMax: config.gpuMemoryBytes })),
  ]);
}
