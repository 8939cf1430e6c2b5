import type { Gpu } from "../../src/kernels/webgpu/device.ts";
import { GPUBufferUsage, GPUMapMode } from "../../src/kernels/webgpu/webgpu-flags.ts";

/** Device time of one kernel's dispatches. */
export interface KernelTime {
  kernel: string;
  dispatches: number;
  microseconds: number;
}

/** Dispatches that can be timed between two calls of `read`. */
const DISPATCHES_MAX = 2048;

/**
 * A device that gives every dispatch its own compute pass with timestamps, because WebGPU takes timestamps only between
 * passes. The sum exceeds the time of the same dispatches in one pass; only their shares count. Null where the device
 * has no timestamps.
 */
export function withTimestamps(gpu: Gpu): { gpu: Gpu; read: () => Promise<KernelTime[]>; close: () => void } | null {
  const { device } = gpu;
  if (!device.features.has("timestamp-query")) return null;
  const querySet = device.createQuerySet({ type: "timestamp", count: DISPATCHES_MAX * 2 });
  const bytes = DISPATCHES_MAX * 16;
  const resolved = device.createBuffer({
    size: bytes,
    usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
  });
  const labels: string[] = [];

  const wrapEncoder = (encoder: GPUCommandEncoder) =>
    withMethods(encoder, {
      beginComputePass: () => {
        let pipeline: GPUComputePipeline;
        let group: GPUBindGroup;
        return {
          setPipeline: (next: GPUComputePipeline) => (pipeline = next),
          setBindGroup: (_: number, next: GPUBindGroup) => (group = next),
          dispatchWorkgroups: (x: number, y: number, z: number) => {
            if (labels.length >= DISPATCHES_MAX) throw new Error("too many dispatches between two readings");
            const first = labels.push(pipeline.label) * 2 - 2;
            const timestampWrites = { querySet, beginningOfPassWriteIndex: first, endOfPassWriteIndex: first + 1 };
            const pass = encoder.beginComputePass({ timestampWrites });
            pass.setPipeline(pipeline);
            pass.setBindGroup(0, group);
            pass.dispatchWorkgroups(x, y, z);
            pass.end();
          },
          end: () => undefined,
        };
      },
    });

  const read = async (): Promise<KernelTime[]> => {
    const staging = device.createBuffer({ size: bytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const encoder = device.createCommandEncoder();
    encoder.resolveQuerySet(querySet, 0, labels.length * 2, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, bytes);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const times = new BigUint64Array(staging.getMappedRange().slice(0));
    staging.destroy();
    const found = new Map<string, KernelTime>();
    labels.forEach((kernel, i) => {
      const entry = found.get(kernel) ?? { kernel, dispatches: 0, microseconds: 0 };
      entry.dispatches += 1;
      entry.microseconds += Number(times[2 * i + 1]! - times[2 * i]!) / 1000;
      found.set(kernel, entry);
    });
    labels.length = 0;
    return [...found.values()];
  };

  const wrapped = withMethods(device, {
    createCommandEncoder: () => wrapEncoder(device.createCommandEncoder()),
  });
  const close = () => {
    querySet.destroy();
    resolved.destroy();
  };
  return { gpu: { ...gpu, device: wrapped }, read, close };
}

/** The object with some methods replaced. Dawn's methods need the original object as `this`. */
export function withMethods<T extends object>(object: T, methods: Record<string, unknown>): T {
  return new Proxy(object, {
    get(target, name) {
      if (typeof name === "string" && name in methods) return methods[name];
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}
