/** Lists the GPUs that work, as one IPC message, and ends. Apart from the server: a bad driver takes its process along. */
import { listAdapters, openGpu, UnusableAdapterError } from "../../kernels/webgpu/device.ts";
import { provideSoftwareVulkan } from "../../kernels/webgpu/software-vulkan.ts";
import type { FoundGpu } from "./find-gpus.ts";

const { software } = JSON.parse(process.argv[2] ?? "{}") as { software?: boolean };

if (software === true) await provideSoftwareVulkan();
const found: FoundGpu[] = [];
for (const adapter of new Set(await listAdapters())) {
  try {
    const gpu = await openGpu({ adapter });
    found.push({ adapter, maxBufferBytes: gpu.maxBufferBytes, ...gpu.identity });
    gpu.close();
  } catch (error) {
    if (!(error instanceof UnusableAdapterError)) throw error;
  }
}
process.send?.(found, () => process.disconnect());
