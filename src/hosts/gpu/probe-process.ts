/** Sends the working GPUs as one IPC message and ends. A separate process, because a bad driver can crash it. */
import { listAdapters, openGpu, UnusableAdapterError } from "../../kernels/webgpu/device.ts";
import { provideSoftwareVulkan } from "../../kernels/webgpu/software-vulkan.ts";
import type { SeenGpu } from "./find-gpus.ts";

const { software } = JSON.parse(process.argv[2] ?? "{}") as { software?: boolean };

if (software === true) await provideSoftwareVulkan();
const found: SeenGpu[] = [];
const adapters = await listAdapters();
for (const choice of adapters) {
  // A second adapter of this name cannot be chosen by name, and other back ends list the same devices again.
  if (found.some((gpu) => gpu.choice.adapter === choice.adapter)) continue;
  // Dawn takes the first adapter whose name contains the requested one.
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
