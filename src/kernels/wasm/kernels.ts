import { readFileSync } from "node:fs";
import { yieldPoint } from "../../network/yield-point.ts";
import { paths } from "../../files/paths.ts";
import { Instance, Module, type WasmMemory, type WasmModule } from "./web-assembly.ts";

/** Exports of the compiled kernels; see assembly/index.ts. */
export interface KernelExports {
  start(): void;
  train(): void;
  request(): void;
  score(): void;
  refreshRange(from: number, end: number): void;
  help(thread: number): void;
  zero(at: number, bytes: number): void;
}

/** Calls from the kernels to the leading thread in the middle of a step. */
export interface KernelHost {
  allocate(hexagon: number): void;
  split(hexagon: number): void;
}

/** Loads the kernels that `npm run build` compiles. */
export function loadKernels(): WasmModule {
  return new Module(readFileSync(paths.kernels));
}

/** Instantiates the kernels for one thread, on the memory that all threads share. */
export function instantiate(module: WasmModule, memory: WasmMemory, host: KernelHost): KernelExports {
  const abort = () => {
    throw new Error("a kernel stopped");
  };
  const { exports } = new Instance(module, { env: { memory, abort }, host: { ...host, yieldPoint } });
  return exports as unknown as KernelExports;
}
