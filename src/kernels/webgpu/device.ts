import { create } from "webgpu";
import { GPUBufferUsage, GPUMapMode } from "./webgpu-flags.ts";

/** What an adapter reports about itself. */
export interface AdapterIdentity {
  vendor: string;
  architecture: string;
  /** Display name. */
  name: string;
  driver: string;
  /** Whether the adapter computes on the CPU. */
  isSoftware: boolean;
}

/** An open device. The caller of `openGpu` must call `close`: a device that is open when Node exits can crash it. */
export interface Gpu {
  readonly device: GPUDevice;
  readonly identity: AdapterIdentity;
  /** Maximum size of a buffer. */
  readonly maxBufferBytes: number;
  /** Resolves with the reason when the device is lost without `close`, or fails outside of `checked`. */
  readonly lost: Promise<string>;
  /**
   * Runs `work` and waits for the device to report errors. Rejects with GpuMemoryError if the device is out of memory,
   * and with another error if `work` used the device wrongly.
   */
  readonly checked: <T>(work: () => T) => Promise<T>;
  close(): void;
}

/** Dawn crashes if the object that `create` returns is garbage-collected while its adapters and devices are in use. */
const pinned = new Set<GPU>();

/** A buffer takes a little more memory than its size, and SwiftShader fails to allocate one of exactly its limit. */
const BUFFER_SPARE_BYTES = 65_536;

/** Limits to request explicitly, because a device's defaults are small. */
const LIMITS = ["maxStorageBufferBindingSize", "maxBufferSize"] as const;

/** No adapter can be opened, or Dawn offers one that must not be used. */
export class UnusableAdapterError extends Error {}

/** The device has no memory left for the requested work, none of which was done. */
export class GpuMemoryError extends Error {}

/** Repeats work for which the device has no memory as long as `dropIdle` frees some. */
export async function besideFewer<T>(work: () => Promise<T>, dropIdle: () => boolean): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof GpuMemoryError) || !dropIdle()) throw error;
    }
  }
}

/** Selects an adapter by Dawn's name of its back end and a part of the adapter's name. */
export interface AdapterChoice {
  backend?: string;
  adapter?: string;
}

/** Back ends that compute nothing, or only a part of WebGPU. */
const OTHER_BACKENDS = new Set(["null", "opengl", "opengles"]);

/**
 * Lists all adapters that Dawn sees, one per device; identical devices look the same. Dawn lists them only in the error
 * message for an unknown name.
 */
export async function listAdapters(): Promise<Required<AdapterChoice>[]> {
  const gpu = create(["adapter=no adapter has this name"]);
  pinned.add(gpu);
  try {
    await gpu.requestAdapter();
    return [];
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return [...text.matchAll(/backend: '([^']*)', name: '([^']*)'/g)]
      .map(([, backend, adapter]) => ({ backend: backend!, adapter: adapter! }))
      .filter(({ backend }) => !OTHER_BACKENDS.has(backend));
  } finally {
    pinned.delete(gpu);
  }
}

/**
 * Opens the adapter that Dawn prefers, or the one called `adapter`, with the maximum buffer size that it allows.
 * Rejects with UnusableAdapterError if there is no adapter or if it computes wrong results: Dawn's `null` back end
 * accepts all work and returns garbage.
 */
export async function openGpu(options: AdapterChoice = {}): Promise<Gpu> {
  const flags = [];
  if (options.adapter !== undefined) flags.push(`adapter=${options.adapter}`);
  if (options.backend !== undefined) flags.push(`backend=${options.backend}`);
  const gpu = create(flags);
  pinned.add(gpu);
  try {
    const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" }).catch((error: unknown) => {
      throw new UnusableAdapterError(error instanceof Error ? error.message : String(error));
    });
    if (adapter === null) throw new UnusableAdapterError("there is no GPU that WebGPU can use");
    const requiredLimits: Record<string, number> = {};
    for (const limit of LIMITS) requiredLimits[limit] = adapter.limits[limit];
    const features: GPUFeatureName[] = adapter.features.has("timestamp-query") ? ["timestamp-query"] : [];
    const device = await adapter.requestDevice({ requiredLimits, requiredFeatures: features });
    const opened = watch(device, identify(adapter.info), () => pinned.delete(gpu));
    try {
      await selfTest(opened);
    } catch (error) {
      opened.close();
      throw error;
    }
    return opened;
  } catch (error) {
    pinned.delete(gpu);
    throw error;
  }
}

function identify(info: GPUAdapterInfo & { isFallbackAdapter?: boolean }): AdapterIdentity {
  const { vendor, architecture, device, description } = info;
  const text = `${vendor} ${architecture} ${device} ${description}`.toLowerCase();
  const isSoftware = info.isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe/.test(text);
  return { vendor, architecture, name: device || architecture || vendor || "GPU", driver: description, isSoftware };
}

function watch(device: GPUDevice, identity: AdapterIdentity, unpin: () => void): Gpu {
  let closing = false;
  let failure: string | null = null;
  const lost = new Promise<string>((resolve) => {
    void device.lost.then(({ message }) => {
      if (!closing) resolve(message || "the device was lost");
    });
    // An error outside of all scopes leaves buffers in an unknown state: report the device as lost and fail the next
    // check.
    device.addEventListener("uncapturederror", (event) => {
      failure ??= event.error.message;
      resolve(failure);
    });
  });
  return {
    device,
    identity,
    maxBufferBytes:
      Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize) - BUFFER_SPARE_BYTES,
    lost,
    async checked(work) {
      device.pushErrorScope("validation");
      device.pushErrorScope("out-of-memory");
      device.pushErrorScope("internal");
      let outcome: { value: ReturnType<typeof work> } | { failure: Error };
      try {
        outcome = { value: work() };
      } catch (error) {
        outcome = { failure: error instanceof Error ? error : new Error(String(error)) };
      }
      const scopes = [device.popErrorScope(), device.popErrorScope(), device.popErrorScope()] as const;
      const [internal, outOfMemory, validation] = await Promise.all(scopes);
      if ("failure" in outcome) throw outcome.failure;
      // Test this first: a buffer that could not be allocated also causes validation errors in everything that uses it.
      if (outOfMemory !== null) throw new GpuMemoryError(`the device is out of memory: ${firstLine(outOfMemory)}`);
      const error = internal ?? validation;
      if (error !== null) throw new Error(error.message);
      if (failure !== null) throw new Error(failure);
      return outcome.value;
    },
    close() {
      closing = true;
      device.destroy();
      unpin();
    },
  };
}

const firstLine = ({ message }: GPUError) => message.split("\n")[0]!;

/** Runs one small dispatch and compares its result, to reject a device that does not really compute. */
async function selfTest({ device, checked, identity }: Gpu): Promise<void> {
  const words = 64;
  const size = words * 4;
  const data = await checked(() => {
    const code = `
      @group(0) @binding(0) var<storage, read_write> data: array<u32>;
      @compute @workgroup_size(${words})
      fn main(@builtin(global_invocation_id) id: vec3u) { data[id.x] = data[id.x] * 2654435761u + id.x; }`;
    const pipeline = device.createComputePipeline({
      layout: "auto",
      compute: { module: device.createShaderModule({ code }), entryPoint: "main" },
    });
    const storage = device.createBuffer({
      size,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    const readback = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    device.queue.writeBuffer(
      storage,
      0,
      Uint32Array.from({ length: words }, (_, i) => i + 7),
    );
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(
      0,
      device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: [{ binding: 0, resource: { buffer: storage } }],
      }),
    );
    pass.dispatchWorkgroups(1);
    pass.end();
    encoder.copyBufferToBuffer(storage, 0, readback, 0, size);
    device.queue.submit([encoder.finish()]);
    return { storage, readback };
  });
  await data.readback.mapAsync(GPUMapMode.READ);
  const computed = new Uint32Array(data.readback.getMappedRange());
  const isRight = computed.every((value, i) => value === (Math.imul(i + 7, 2654435761) + i) >>> 0);
  data.readback.destroy();
  data.storage.destroy();
  if (!isRight) throw new UnusableAdapterError(`the adapter '${identity.name}' does not compute`);
}
