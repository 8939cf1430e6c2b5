/** The CPU host with one thread more, which ends in the middle of the first phase that it can join. */
import { type MessagePort, parentPort, Worker, workerData } from "node:worker_threads";
import { NetworkStore } from "../../src/hosts/cpu/network-store.ts";
import { serveHost } from "../../src/hosts/serve-host.ts";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";

const { lifelines } = workerData as { lifelines: [MessagePort] };
const engine = new WasmEngine({ threads: 2 });
const memory = engine.memory.allocate(0).buffer;
const helper = new Worker(new URL("./ending-helper.js", import.meta.url), {
  workerData: { memory, lifeline: lifelines[0] },
  transferList: [lifelines[0]],
});
const answer = serveHost(new NetworkStore(engine));
helper.once("message", () => {
  parentPort!.on("message", (request) => {
    const { reply, transfer } = answer(request);
    parentPort!.postMessage(reply, transfer);
  });
});
