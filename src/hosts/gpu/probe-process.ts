/** Lists the GPUs that work, as one IPC message, and ends. Apart from the server: a bad driver takes its process along. */
import { listAdapters, openGpu, UnusableAdapterError } from "../../kernels/webgpu/device.ts";
import { provideSoftwareVulkan } from "../../kernels/webgpu/software-vulkan.ts";
import type { SeenGpu } from "./find-gpus.ts";

const { software } = JSON.parse(process.argv[2] ?? "{}") as { software?: boolean };

if (software === true) await provideSoftwareVulkan();
const found: SeenGpu[] = [];
const adapters = await listAdapters();
for (const choice of adapters) {
  // Another one of the same name cannot be opened beside it, and other back ends show the same devices again.
  if (found.some((gpu) => gpu.choice.adapter === choice.adapter)) continue;
  // Dawn takes the first one whose name contains what is asked for.
  const namesakes = adapters.filter(
    ({ backend, adapter }) => backend === choice.backend && adapter.includes(choice.adapter),
  ).length;
  try {
    const gpu = await openGpu(choice);
    found.push({ choice, namesakes, maxBufferBytes: gpu.maxBufferBytes, ...gpu.identity });
    gpu.close();
  } catch (error) {
    if (!(error instanceof UnusableAdapterError)) throw error;
  }
}
process.send?.(found, () => process.disconnect());
