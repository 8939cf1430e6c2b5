import type { Gpu } from "../../kernels/webgpu/device.ts";
import type { HostRequest } from "../protocol.ts";
import { serveAsyncHost } from "../serve-host.ts";
import { GpuStore } from "./gpu-store.ts";

const EXIT_LOST = 3;

/**
 * Serves the host protocol over this process's IPC channel, with the device that `opening` resolves to. The process
 * ends with the server. It also sends the reason and ends when the device cannot be opened, is lost or runs out of
 * memory during work: the server then restarts it and restores its clusters. `memoryBytes` is the device's memory; null
 * if unknown.
 */
export async function serveGpu(opening: Promise<Gpu>, memoryBytes: number | null): Promise<void> {
  let gpu: Gpu | undefined;
  let isEnding = false;
  const end = (code: number) => {
    gpu?.close();
    process.exit(code);
  };
  const giveUp = (reason: string) => {
    if (isEnding) return;
    isEnding = true;
    // The message must be sent before the process exits.
    process.send?.({ lost: reason }, () => end(EXIT_LOST));
  };
  process.on("disconnect", () => end(0));
  try {
    gpu = await opening;
  } catch (error) {
    giveUp(error instanceof Error ? error.message : String(error));
    return;
  }
  void gpu.lost.then((reason) => giveUp(`its device was lost: ${reason}`));
  const answer = serveAsyncHost(new GpuStore({ gpu, memoryBytes, giveUp }));
  process.on("message", (request: HostRequest) => {
    void answer(request).then((reply) => {
      if (process.connected && !isEnding) process.send?.(reply);
    });
  });
}
