import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { WasmEngine } from "../../kernels/wasm/wasm-engine.ts";
import { lowerThread, NICENESS } from "../../processes/priority.ts";
import { serveHost } from "../serve-host.ts";
import { NetworkStore } from "./network-store.ts";
import { servePort } from "./serve-port.ts";

if (parentPort === null) throw new Error("the CPU host runs in a worker thread");

/** `threads` compute, this one included; networks may take `memoryBytes`; `lifelines` are for the other threads. */
const options = (workerData ?? {}) as { threads?: number; memoryBytes?: number; lifelines?: MessagePort[] };
lowerThread(NICENESS.host);
servePort(parentPort, serveHost(new NetworkStore(new WasmEngine(options))));
