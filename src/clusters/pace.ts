import { setImmediate } from "node:timers/promises";

const WORK_MS = 10;

/**
 * Call the result often in long work on the main thread: it lets other requests in when the work has gone on for some
 * milliseconds.
 */
export function pacer(): () => Promise<void> {
  let sinceMs = performance.now();
  return async () => {
    if (performance.now() - sinceMs < WORK_MS) return;
    await setImmediate();
    sinceMs = performance.now();
  };
}
