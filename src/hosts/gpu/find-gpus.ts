import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import type { Logger } from "pino";
import type { AdapterChoice, AdapterIdentity } from "../../kernels/webgpu/device.ts";

/** A GPU that computes right, and how a process opens it. */
export interface FoundGpu extends AdapterIdentity {
  choice: AdapterChoice;
  maxBufferBytes: number;
}

const PROBE_TIMEOUT_MS = 60_000;

/** Device nodes without which a Linux machine has no GPU: looking for them spares every start a process. */
const LINUX_GPU_NODES = ["/dev/dri", "/dev/nvidiactl", "/dev/dxg"];

/**
 * The GPUs of this machine. Software adapters are slower than the CPU host and count only when asked for; then
 * SwiftShader is brought along. Never rejects: a machine whose driver crashes has no GPU.
 */
export async function findGpus({ software, log }: { software: boolean; log: Logger }): Promise<FoundGpu[]> {
  const found: FoundGpu[] = [];
  if (process.platform !== "linux" || LINUX_GPU_NODES.some((node) => existsSync(node)))
    found.push(...(await probe({ software: false }, log)).filter(({ isSoftware }) => !isSoftware));
  if (software) {
    const [device] = (await probe({ software: true }, log)).filter(({ isSoftware }) => isSoftware);
    if (device) found.push(device);
    else log.error("HANAMI_SOFTWARE_GPU is set, but there is no software GPU");
  }
  return found;
}

async function probe(options: { software: boolean }, log: Logger): Promise<FoundGpu[]> {
  const child = fork(new URL("./probe-process.js", import.meta.url), [JSON.stringify(options)], {
    serialization: "advanced",
    execArgv: [],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let found: FoundGpu[] | undefined;
  let complaint = "";
  child.on("message", (message: FoundGpu[]) => (found = message));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (complaint = (complaint + text).slice(-2_000)));
  const timer = setTimeout(() => child.kill("SIGKILL"), PROBE_TIMEOUT_MS);
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  clearTimeout(timer);
  if (found === undefined) log.warn({ code, signal, complaint }, "looking for GPUs failed; none are used");
  return found ?? [];
}
