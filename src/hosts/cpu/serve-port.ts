import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { atYieldPoints, beAway, startStopwatch } from "../../network/yield-point.ts";
import type { HostRequest } from "../protocol.ts";
import type { serveHost } from "../serve-host.ts";

/** Minimum interval between two polls of the port; a poll takes a few microseconds. */
const LOOK_MS = 0.5;

/**
 * Answers requests one after the other. At the yield points of a long request, another request that has arrived in the
 * meantime is answered, unless it concerns the same network. The server decides the order of requests, see `HostQueue`.
 */
export function servePort(port: MessagePort, answer: ReturnType<typeof serveHost>): void {
  /** The clusters of the running calls, outermost first. */
  const underWay: unknown[] = [];
  const deferred: HostRequest[] = [];
  let lastLook = 0;

  function serve(request: HostRequest): void {
    if (underWay.length > 0) port.postMessage({ begun: request.id });
    underWay.push(request.args[0]);
    const elapsed = startStopwatch();
    try {
      const { reply, transfer } = answer(request);
      port.postMessage({ ...reply, tookMs: elapsed() }, transfer);
    } finally {
      underWay.pop();
    }
  }

  atYieldPoints(() => {
    const now = performance.now();
    if (underWay.length !== 1 || now - lastLook < LOOK_MS) return;
    lastLook = now;
    const next = receiveMessageOnPort(port) as { message: HostRequest } | undefined;
    if (next === undefined) return;
    if (underWay.includes(next.message.args[0])) deferred.push(next.message);
    else beAway(() => serve(next.message));
  });

  port.on("message", (request: HostRequest) => {
    serve(request);
    for (let next = deferred.shift(); next !== undefined; next = deferred.shift()) serve(next);
  });
}
