import { expect, test } from "vitest";
import { openGpu, UnusableAdapterError } from "../../src/kernels/webgpu/device.ts";
import { provideSoftwareVulkan } from "../../src/kernels/webgpu/software-vulkan.ts";
import { GPUBufferUsage, GPUMapMode } from "../../src/kernels/webgpu/webgpu-flags.ts";

const STORAGE = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;

test("an adapter that accepts all work and returns garbage is refused", async () => {
  await provideSoftwareVulkan();
  await expect(openGpu({ backend: "null" })).rejects.toThrow(UnusableAdapterError);
});

test("an adapter that does not exist is refused", async () => {
  await expect(openGpu({ adapter: "no such adapter" })).rejects.toThrow(UnusableAdapterError);
});

test("the software device is recognized, offers all of its memory, and reports errors", async () => {
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

test("a kernel that reads and writes beyond its buffer does not reach the neighbouring ones", async () => {
  await provideSoftwareVulkan();
  const gpu = await openGpu();
  try {
    const { device } = gpu;
    const words = 1024;
    const secret = new Uint32Array(words).fill(0xc0ffee);
    const buffers = [0, 1, 2].map(() =>
      device.createBuffer({ size: words * 4, usage: STORAGE | GPUBufferUsage.COPY_SRC }),
    ) as [GPUBuffer, GPUBuffer, GPUBuffer];
    const [left, own, right] = buffers;
    for (const other of [left, right]) device.queue.writeBuffer(other, 0, secret);
    // Accesses both sides of its buffer, near and far.
    const code = `
      @group(0) @binding(0) var<storage, read_write> data: array<u32>;
      @compute @workgroup_size(64)
      fn main(@builtin(global_invocation_id) id: vec3u) {
        var is_seen = false;
        for (var i = id.x; i < 1048576u; i += 64u) {
          is_seen = is_seen || data[i] == 0xc0ffeeu || data[0u - i] == 0xc0ffeeu;
          data[i] = 7u;
          data[0u - i] = 7u;
        }
        storageBarrier();
        if (is_seen) { data[1] = 1u; }
      }`;
    const pipeline = device.createComputePipeline({
      layout: "auto",
      compute: { module: device.createShaderModule({ code }), entryPoint: "main" },
    });
    const layout = pipeline.getBindGroupLayout(0);
    const group = device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer: own } }] });
    const copies = buffers.map(() =>
      device.createBuffer({ size: words * 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST }),
    );
    await gpu.checked(() => {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(1);
      pass.end();
      buffers.forEach((buffer, i) => encoder.copyBufferToBuffer(buffer, 0, copies[i]!, 0, words * 4));
      device.queue.submit([encoder.finish()]);
    });
    const found: Uint32Array[] = [];
    for (const copy of copies) {
      await copy.mapAsync(GPUMapMode.READ);
      found.push(new Uint32Array(copy.getMappedRange().slice()));
      copy.destroy();
    }
    expect(found[0]).toEqual(secret);
    expect(found[1]!.every((word) => word === 7)).toBe(true);
    expect(found[2]).toEqual(secret);
    for (const buffer of buffers) buffer.destroy();
  } finally {
    gpu.close();
  }
});
