/**
 * A helping thread: works on what the leading thread starts, until it is terminated. Its lifeline closes when it ends,
 * however that happens.
 */
import { workerData } from "node:worker_threads";
import { instantiate } from "./kernels.ts";
import type { WasmMemory, WasmModule } from "./web-assembly.ts";

const { module, memory, thread } = workerData as { module: WasmModule; memory: WasmMemory; thread: number };
const onlyTheLeader = () => {
  throw new Error("only the leading thread allocates");
};
instantiate(module, memory, { allocate: onlyTheLeader, split: onlyTheLeader }).help(thread);
