import type { Logger } from "pino";
import type { Db } from "../../db/client.ts";
import { HostClient } from "../host-client.ts";
import { hostUuid } from "../host-uuid.ts";
import type { Host } from "../host.ts";
import { findGpus } from "./find-gpus.ts";
import { processLink } from "./process-link.ts";

/** The script of a GPU host's process. */
export const gpuProcess = new URL("./gpu-process.js", import.meta.url);

/** One host for each GPU of this machine. Their processes start with the first call. */
export async function openGpuHosts({ db, log, software }: { db: Db; log: Logger; software: boolean }): Promise<Host[]> {
  const hosts: Host[] = [];
  for (const { choice, vendor, name, driver, isSoftware, maxBufferBytes } of await findGpus({ software, log })) {
    const uuid = await hostUuid(db, isSoftware ? "gpu:software" : `gpu:${vendor}:${name}`);
    log.info({ host: uuid, type: "gpu", name, vendor, driver, maxBufferBytes }, "host");
    const options = isSoftware ? { software: true } : choice;
    hosts.push(new HostClient({ uuid, type: "gpu", name }, processLink(gpuProcess, options)));
  }
  return hosts;
}
