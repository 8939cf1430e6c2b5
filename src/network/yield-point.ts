/** Called at yield points, to serve other networks. */
let others: () => void = () => {};
let undisturbedDepth = 0;

/**
 * Call it about every millisecond in work that may take seconds, such as the growth of a wide network. The thread may
 * serve other networks here: across the call, never hold references to anything that such work changes.
 */
export function yieldPoint(): void {
  if (undisturbedDepth === 0) others();
}

/** Runs `work` with yield points disabled, so that nothing else is served before it ends. */
export function undisturbed<T>(work: () => T): T {
  undisturbedDepth += 1;
  try {
    return work();
  } finally {
    undisturbedDepth -= 1;
  }
}

/** Total time that this thread has spent on other work at yield points, in ms. */
let away = 0;

/** Starts a stopwatch. The result returns the elapsed time in ms, excluding other work at yield points. */
export function startStopwatch(): () => number {
  const [start, awayBefore] = [performance.now(), away];
  return () => performance.now() - start - (away - awayBefore);
}

/** Runs other work at a yield point, which stopwatches exclude. */
export function beAway(work: () => void): void {
  const start = performance.now();
  work();
  away += performance.now() - start;
}

/** Makes this thread call `serveOthers` at every yield point. The function itself decides whether it is time. */
export function atYieldPoints(serveOthers: () => void): void {
  others = serveOthers;
}
