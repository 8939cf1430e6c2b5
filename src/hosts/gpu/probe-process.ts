/** Lists the GPUs that work, as one IPC message, and ends. Apart from the server: a bad driver takes its process along. */
import { listAdapters, openGpu, UnusableAdapterError } from "../../kernels/webgpu/device.ts";
import { provideSoftwareVulkan } from "../../kernels/webgpu/software-vulkan.ts";
import type { FoundGpu } from "./find-gpus.ts";

const { software } = JSON.parse(process.argv[2] ?? "{}") as { software?: boolean };

if (software === true) await provideSoftwareVulkan();
const found: FoundGpu[] = [];
const seen = new Set<string>();
for (const choice of await listAdapters()) {
  // A second one of the same name could not be told from the first.
  if (seen.has(choice.adapter)) continue;
  seen.add(choice.adapter);
  try {
    const gpu = await openGpu(choice);
    found.push({ choice, maxBufferBytes: gpu.maxBufferBytes, ...gpu.identity });
    gpu.close();
  } catch (error) {
    if (!(error instanceof UnusableAdapterError)) throw error;
  }
}
process.send?.(found, () => process.disconnect());
