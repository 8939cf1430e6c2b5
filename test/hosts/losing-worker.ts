/** The CPU host with an additional thread, which ends in the middle of the first phase that it can join. */
import { type MessagePort, parentPort, Worker, workerData } from "node:worker_threads";
import { NetworkStore } from "../../src/hosts/cpu/network-store.ts";
import { serveHost } from "../../src/hosts/serve-host.ts";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import { createModel } from "../../src/network/network-model.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { smallTemplate } from "../support/compute.ts";

const { lifelines } = workerData as { lifelines: [MessagePort] };
// With one dock, all networks share the memory of the first one.
const engine = new WasmEngine({ threads: 2, docks: 1 });
const first = createModel(parseTemplate(smallTemplate), 1, engine.memoryFor());
engine.request(first, { count: 0, inputs: [] });
const memory = first.state.arrays.header.buffer;
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
