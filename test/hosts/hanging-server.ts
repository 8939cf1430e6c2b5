/** Imported before a server's own modules (`NODE_OPTIONS`): makes its CPU host the one of `hanging-worker.ts`. */
import { syncBuiltinESMExports } from "node:module";
import threads from "node:worker_threads";

const RealWorker = threads.Worker;
threads.Worker = class extends RealWorker {
  constructor(script: string | URL, options?: threads.WorkerOptions) {
    const isHost = String(script).endsWith("/cpu-worker.js");
    super(isHost ? new URL("./hanging-worker.js", import.meta.url) : script, options);
  }
};
syncBuiltinESMExports();
