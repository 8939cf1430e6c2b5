/** The engines behind one interface, so that all of them get the same work. */
import type { Engine } from "../../../src/network/engine.ts";
import { Network } from "../../../src/network/network.ts";
import type { Template } from "../../../src/network/template/parse-template.ts";
import { ReferenceEngine } from "../../../src/kernels/reference/reference-engine.ts";
import { WasmEngine } from "../../../src/kernels/wasm/wasm-engine.ts";
import { openGpu } from "../../../src/kernels/webgpu/device.ts";
import { GpuNetwork } from "../../../src/kernels/webgpu/gpu-network.ts";
import { Kernels } from "../../../src/kernels/webgpu/kernels.ts";
import { provideSoftwareVulkan } from "../../../src/kernels/webgpu/software-vulkan.ts";
import type { Samples } from "./bases.ts";

export interface FuzzedNetwork {
  readonly template: Template;
  train(samples: Samples, update: "batch" | "online"): Promise<unknown> | void;
  request(samples: Samples): Promise<Float32Array[]> | Float32Array[];
  export(): Promise<Uint8Array> | Uint8Array;
  dispose(): void;
}

export interface FuzzedEngine {
  readonly name: string;
  /** A step takes a tenth of a second. */
  readonly isSlow: boolean;
  adopt(bytes: Uint8Array): Promise<FuzzedNetwork>;
}

const STEP = 8;

export const ENGINES = ["reference", "wasm, 1 thread", "wasm, 2 threads", "webgpu"] as const;
export type EngineName = (typeof ENGINES)[number];

export async function openEngine(name: EngineName): Promise<FuzzedEngine> {
  switch (name) {
    case "reference":
      return onCpu(name, new ReferenceEngine());
    case "wasm, 1 thread":
      return onCpu(name, new WasmEngine());
    case "wasm, 2 threads":
      return onCpu(name, new WasmEngine({ threads: 2 }));
    case "webgpu":
      return onGpu(name);
  }
}

function onCpu(name: string, engine: Engine): FuzzedEngine {
  return {
    name,
    isSlow: false,
    async adopt(bytes) {
      const network = Network.adopt(bytes, engine);
      return {
        template: network.template,
        train: ({ count, inputs, expected }, update) =>
          network.train({ count, inputs, expected, update, step: update === "batch" ? STEP : 1, rate: 1 }),
        request: (samples) => network.request(samples),
        export: () => network.export(),
        dispose: () => network.dispose(),
      };
    },
  };
}

async function onGpu(name: string): Promise<FuzzedEngine> {
  await provideSoftwareVulkan();
  const gpu = await openGpu();
  const on = { gpu, kernels: new Kernels(gpu) };
  // A lost device takes all networks with it.
  void gpu.lost.then((reason) => {
    throw new Error(`the device was lost: ${reason}`);
  });
  const rowsOf = (columns: Samples["inputs"]) => columns.map(({ values: rows, ...column }) => ({ ...column, rows }));
  const shape = ({ count, inputs }: Samples) => ({ cycles: count, timeLength: 1, inputs: rowsOf(inputs) });
  return {
    name,
    isSlow: true,
    async adopt(bytes) {
      const network = await GpuNetwork.adopt(on, bytes);
      return {
        template: network.template,
        train: (samples, update) =>
          network.train({
            ...shape(samples),
            expected: rowsOf(samples.expected),
            batchSize: update === "batch" ? STEP : 1,
            update,
            rateAt: () => 1,
          }),
        request: (samples) => network.request(shape(samples)),
        export: () => network.export(),
        dispose: () => network.destroy(),
      };
    },
  };
}
