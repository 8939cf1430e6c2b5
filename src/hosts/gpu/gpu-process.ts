/**
 * The process of one GPU host. Its first argument is a JSON object: `software` loads the software device, `backend` and
 * `adapter` choose the device, `memoryBytes` is its memory if known.
 */
import { openGpu, type AdapterChoice, type Gpu } from "../../kernels/webgpu/device.ts";
import { provideSoftwareVulkan } from "../../kernels/webgpu/software-vulkan.ts";
import { serveGpu } from "./serve-gpu.ts";

interface Argument extends AdapterChoice {
  software?: boolean;
  memoryBytes?: number | null;
}

const { software, memoryBytes = null, ...choice } = JSON.parse(process.argv[2] ?? "{}") as Argument;

async function open(): Promise<Gpu> {
  if (software === true) await provideSoftwareVulkan();
  return openGpu(choice);
}

await serveGpu(open(), memoryBytes);
