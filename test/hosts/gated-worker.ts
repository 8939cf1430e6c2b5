/**
 * The CPU host, except that `train` returns only after the test opens the gate: `gate[0]` signals that training has
 * begun, `gate[1]` lets it continue.
 */
import { parentPort, workerData } from "node:worker_threads";
import { NetworkStore } from "../../src/hosts/cpu/network-store.ts";
import type { HostRequest } from "../../src/hosts/protocol.ts";
import { serveHost } from "../../src/hosts/serve-host.ts";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";

const { gate } = workerData as { gate: Int32Array };
const port = parentPort;
const answer = serveHost(new NetworkStore(new WasmEngine()));
port?.on("message", (request: HostRequest) => {
  if (request.method === "train") {
    Atomics.store(gate, 0, 1);
    Atomics.wait(gate, 1, 0);
  }
  const { reply, transfer } = answer(request);
  port.postMessage(reply, transfer);
});
