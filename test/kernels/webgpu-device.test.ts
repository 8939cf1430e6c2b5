import { expect, test } from "vitest";
import { openGpu, UnusableAdapterError } from "../../src/kernels/webgpu/device.ts";
import { provideSoftwareVulkan } from "../../src/kernels/webgpu/software-vulkan.ts";
import { GPUBufferUsage } from "../../src/kernels/webgpu/webgpu-flags.ts";

const STORAGE = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;

test("an adapter that takes all work and returns garbage is refused", async () => {
  await provideSoftwareVulkan();
  await expect(openGpu({ backend: "null" })).rejects.toThrow(UnusableAdapterError);
});

test("an adapter that does not exist is refused", async () => {
  await expect(openGpu({ adapter: "no such adapter" })).rejects.toThrow(UnusableAdapterError);
});

test("the software device is known as such, gives all memory that it has, and reports mistakes", async () => {
  await provideSoftwareVulkan();
  const gpu = await openGpu();
  try {
    expect(gpu.identity).toMatchObject({ vendor: "google", architecture: "swiftshader", isSoftware: true });
    const largest = await gpu.checked(() => gpu.device.createBuffer({ size: gpu.maxBufferBytes, usage: STORAGE }));
    expect(largest.size).toBeGreaterThan(0.99 * 2 ** 30);
    largest.destroy();
    await expect(gpu.checked(() => gpu.device.createBuffer({ size: 16, usage: 0 }))).rejects.toThrow("usage");
    await expect(gpu.checked(() => "fine")).resolves.toBe("fine");
  } finally {
    gpu.close();
  }
});
