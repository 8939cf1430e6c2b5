import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { WasmEngine } from "../../kernels/wasm/wasm-engine.ts";
import { serveHost } from "../serve-host.ts";
import { NetworkStore } from "./network-store.ts";

const port = parentPort;
if (port === null) throw new Error("the CPU host runs in a worker thread");

/** `threads` compute, this one included; networks may take `memoryBytes`; `lifelines` are for the other threads. */
const options = (workerData ?? {}) as { threads?: number; memoryBytes?: number; lifelines?: MessagePort[] };
const answer = serveHost(new NetworkStore(new WasmEngine(options)));
port.on("message", (request) => {
  const { reply, transfer } = answer(request);
  port.postMessage(reply, transfer);
});
