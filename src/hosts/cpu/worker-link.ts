import { Worker } from "node:worker_threads";
import type { HostReply, OpenHostLink } from "../protocol.ts";

/** Runs a host in a worker thread of this process. `script` serves the protocol on its parent port and finds `data` there. */
export function workerLink(script: URL, name: string, data?: unknown): OpenHostLink {
  return (events) => {
    const worker = new Worker(script, { name, workerData: data });
    let reason: string | null = null;
    let closing = false;
    worker.on("message", (reply: HostReply) => events.reply(reply));
    worker.on("error", (error) => {
      reason = error instanceof Error ? error.message : String(error);
    });
    worker.on("exit", (code) => {
      if (!closing) events.lost(reason ?? `its thread ended with code ${code}`);
    });
    return {
      post: (request, transfer) => worker.postMessage(request, transfer),
      close: async () => {
        closing = true;
        await worker.terminate();
      },
    };
  };
}
