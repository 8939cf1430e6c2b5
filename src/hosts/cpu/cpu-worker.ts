import { parentPort } from "node:worker_threads";
import { serveHost } from "../serve-host.ts";
import { NetworkStore } from "./network-store.ts";

const port = parentPort;
if (port === null) throw new Error("the CPU host runs in a worker thread");

const answer = serveHost(new NetworkStore());
port.on("message", (request) => {
  const { reply, transfer } = answer(request);
  port.postMessage(reply, transfer);
});
