/**
 * A GPU host's process whose real device fails on demand. The argument's `flag` is the path of a file whose text says
 * how: `lose` destroys the device with the next training step; any other text names a buffer that is requested larger
 * than any device allows, so that the driver itself runs out of memory. The prefix `once ` deletes the file afterwards.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import type { HostRequest } from "../../src/hosts/protocol.ts";
import { serveGpu } from "../../src/hosts/gpu/serve-gpu.ts";
import { openGpu, type Gpu } from "../../src/kernels/webgpu/device.ts";
import { provideSoftwareVulkan } from "../../src/kernels/webgpu/software-vulkan.ts";

const { flag } = JSON.parse(process.argv[2] ?? "{}") as { flag: string };

function happens(what: string): boolean {
  if (!existsSync(flag)) return false;
  const wanted = readFileSync(flag, "utf8");
  if (wanted === `once ${what}`) rmSync(flag);
  return wanted === what || wanted === `once ${what}`;
}

async function open(): Promise<Gpu> {
  await provideSoftwareVulkan();
  const gpu = await openGpu();
  const { device } = gpu;
  const createBuffer = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) =>
    createBuffer(happens(descriptor.label ?? "") ? { ...descriptor, size: device.limits.maxBufferSize } : descriptor);
  process.on("message", ({ method }: HostRequest) => {
    if (method === "train" && happens("lose")) device.destroy();
  });
  return gpu;
}

await serveGpu(open(), null);
