/** The CPU host, except that a request about a cluster named `exit` or `throw` ends its thread. */
import { parentPort } from "node:worker_threads";
import { NetworkStore } from "../../src/hosts/cpu/network-store.ts";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import type { HostRequest } from "../../src/hosts/protocol.ts";
import { serveHost } from "../../src/hosts/serve-host.ts";

const port = parentPort;
const answer = serveHost(new NetworkStore(new WasmEngine()));
port?.on("message", (request: HostRequest) => {
  if (request.args[0] === "exit") process.exit(3);
  if (request.args[0] === "throw") throw new Error("a defect");
  const { reply, transfer } = answer(request);
  port.postMessage(reply, transfer);
});
