import type { Gpu } from "./device.ts";
import { loadShader, type Binding } from "./shader-source.ts";

export interface Kernel {
  readonly name: string;
  readonly pipeline: GPUComputePipeline;
  readonly bindings: readonly Binding[];
}

/** Additional buffers of a kernel: a hexagon's uniform, an input's uniform and data, or the expected values. */
export interface Scoped {
  key: string;
  buffers: Readonly<Record<string, GPUBuffer>>;
}

/** The kernels of one device, each compiled on first use. */
export class Kernels {
  readonly #gpu: Gpu;
  readonly #compiled = new Map<string, Promise<Kernel>>();

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  get(name: string): Promise<Kernel> {
    let kernel = this.#compiled.get(name);
    if (kernel === undefined) {
      kernel = this.#compile(name);
      this.#compiled.set(name, kernel);
    }
    return kernel;
  }

  async #compile(name: string): Promise<Kernel> {
    const { device } = this.#gpu;
    const { code, bindings } = loadShader(name);
    const module = await this.#gpu.checked(() => device.createShaderModule({ label: name, code }));
    // The driver compiles several kernels in parallel.
    const pipeline = await device.createComputePipelineAsync({
      label: name,
      layout: "auto",
      compute: { module, entryPoint: "main" },
    });
    return { name, pipeline, bindings };
  }
}
