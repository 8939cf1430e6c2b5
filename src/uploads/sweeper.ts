import type { App } from "../app-context.ts";
import { writeErrorLog } from "../logs/write-error-log.ts";
import { sweepUploads } from "./sweep-uploads.ts";

const INTERVAL_MS = 60_000;

/** Sweeps abandoned uploads once a minute. */
export function startUploadSweeper(app: App): { close(): Promise<void> } {
  let sweep: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    sweep = sweepUploads(app, new Date()).then(
      (datasets) => {
        if (datasets.length > 0) app.log.info({ datasets }, "removed abandoned uploads");
      },
      (error: unknown) =>
        writeErrorLog(app, { userId: "", component: "datasets", context: "upload sweep", values: new Map(), error }),
    );
  }, INTERVAL_MS);
  timer.unref();
  return {
    async close() {
      clearInterval(timer);
      await sweep;
    },
  };
}
