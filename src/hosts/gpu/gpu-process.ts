/**
 * The process of one GPU host. Its first argument is a JSON object: `software` brings the software device along,
 * `backend` and `adapter` choose the device. It serves the host protocol over its IPC channel and ends with the server, with
 * its device, and when that is out of memory: then the server starts it anew and restores its clusters.
 */
import { openGpu, type AdapterChoice, type Gpu } from "../../kernels/webgpu/device.ts";
import { provideSoftwareVulkan } from "../../kernels/webgpu/software-vulkan.ts";
import type { HostRequest } from "../protocol.ts";
import { serveAsyncHost } from "../serve-host.ts";
import { GpuStore } from "./gpu-store.ts";

const { software, ...choice } = JSON.parse(process.argv[2] ?? "{}") as AdapterChoice & { software?: boolean };

const EXIT_LOST = 3;

const gpu = await open().catch((error: unknown) => {
  process.send?.({ lost: error instanceof Error ? error.message : String(error) }, () => process.exit(EXIT_LOST));
  // The exit above follows as soon as the message is out.
  return new Promise<never>(() => undefined);
});
const answer = serveAsyncHost(new GpuStore(gpu));

async function open(): Promise<Gpu> {
  if (software === true) await provideSoftwareVulkan();
  return openGpu(choice);
}

function end(code: number): never {
  gpu.close();
  process.exit(code);
}

function fail(reason: string): void {
  // The message must be out before the process is.
  process.send?.({ lost: reason }, () => end(EXIT_LOST));
}

process.on("disconnect", () => end(0));
void gpu.lost.then((reason) => fail(`its device was lost: ${reason}`));
process.on("message", (request: HostRequest) => {
  void answer(request).then((reply) => {
    if (!process.connected) return;
    if (!reply.ok && /out of memory/i.test(reply.error.message)) fail(reply.error.message);
    else process.send?.(reply);
  });
});
