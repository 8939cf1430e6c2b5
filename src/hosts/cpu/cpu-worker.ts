import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { WasmEngine } from "../../kernels/wasm/wasm-engine.ts";
import { lowerThread, NICENESS } from "../../processes/priority.ts";
import { serveHost } from "../serve-host.ts";
import { NetworkStore } from "./network-store.ts";
import { servePort } from "./serve-port.ts";

if (parentPort === null) throw new Error("the CPU host runs in a worker thread");

/**
 * `threads` counts all computing threads, including this one. `memoryBytes` is the memory budget of the networks. Each
 * of the other threads holds one of the `lifelines`.
 */
const options = (workerData ?? {}) as { threads?: number; memoryBytes?: number; lifelines?: MessagePort[] };
lowerThread(NICENESS.host);
servePort(parentPort, serveHost(new NetworkStore(new WasmEngine(options))));
