import { afterAll, beforeAll } from "vitest";
import { openGpu, type Gpu } from "../../src/kernels/webgpu/device.ts";
import { Kernels } from "../../src/kernels/webgpu/kernels.ts";
import { provideSoftwareVulkan } from "../../src/kernels/webgpu/software-vulkan.ts";

export interface OpenKernels {
  gpu: Gpu;
  kernels: Kernels;
}

/**
 * The device that the tests of a file share: software, unless HANAMI_TEST_GPU=hardware selects the machine's own. A
 * file whose device cannot be opened fails.
 */
export function useGpu(): () => OpenKernels {
  let opened: OpenKernels | undefined;
  beforeAll(async () => {
    const wantsHardware = process.env["HANAMI_TEST_GPU"] === "hardware";
    if (!wantsHardware) await provideSoftwareVulkan();
    const gpu = await openGpu();
    opened = { gpu, kernels: new Kernels(gpu) };
    const { name, driver, isSoftware } = gpu.identity;
    console.log(`GPU tests run on '${name}' (${driver})`);
    if (wantsHardware && isSoftware) throw new Error(`HANAMI_TEST_GPU=hardware, but '${name}' is software`);
  });
  afterAll(() => opened?.gpu.close());
  return () => {
    if (opened === undefined) throw new Error("the device is not open");
    return opened;
  };
}
