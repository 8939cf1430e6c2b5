import { MessageChannel, Worker } from "node:worker_threads";
import type { HostReply, OpenHostLink } from "../protocol.ts";

/**
 * Runs a host in a worker thread of this process. `script` serves the protocol on its parent port; `data` is its
 * `workerData`.
 *
 * A host with several `threads` starts `threads - 1` threads itself and waits for them inside a kernel, where no event
 * reaches it. Each of these threads therefore holds a lifeline, the far end of a channel to this thread. A lifeline
 * that closes means that its thread has ended; then the host is terminated.
 */
export function workerLink(
  script: URL,
  name: string,
  data: { threads?: number; [name: string]: unknown } = {},
): OpenHostLink {
  return (events) => {
    const channels = Array.from({ length: (data.threads ?? 1) - 1 }, () => new MessageChannel());
    const lifelines = channels.map(({ port2 }) => port2);
    const worker = new Worker(script, { name, workerData: { ...data, lifelines }, transferList: lifelines });
    let reason: string | null = null;
    let closing = false;
    for (const { port1 } of channels) {
      port1.once("close", () => {
        reason ??= "one of its computing threads ended";
        void worker.terminate();
      });
      port1.unref();
    }
    worker.on("message", (message: HostReply | { begun: number }) => {
      if ("begun" in message) events.begun(message.begun);
      else events.reply(message);
    });
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
