import { parentPort, workerData } from "node:worker_threads";
import { WasmEngine } from "../../kernels/wasm/wasm-engine.ts";
import { serveHost } from "../serve-host.ts";
import { NetworkStore } from "./network-store.ts";

const port = parentPort;
if (port === null) throw new Error("the CPU host runs in a worker thread");

/** Threads that compute, this one included. */
const { threads = 1 } = (workerData ?? {}) as { threads?: number };
const answer = serveHost(new NetworkStore(new WasmEngine({ threads })));
port.on("message", (request) => {
  const { reply, transfer } = answer(request);
  port.postMessage(reply, transfer);
});
