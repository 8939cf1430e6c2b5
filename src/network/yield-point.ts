/** What this thread does between two pieces of a long piece of work. */
let others: () => void = () => {};
let undisturbedDepth = 0;

/**
 * Called between the pieces, a millisecond or less each, of work that may take seconds, such as the growth of a wide
 * network. Whoever runs the thread may serve somebody else here: never hold on to what a call about another network changes.
 */
export function yieldPoint(): void {
  if (undisturbedDepth === 0) others();
}

/** Carries out work in whose middle nobody else may be served, whatever yield points it comes by. */
export function undisturbed<T>(work: () => T): T {
  undisturbedDepth += 1;
  try {
    return work();
  } finally {
    undisturbedDepth -= 1;
  }
}

/** How long this thread has been with others at yield points, in ms since it began. */
let away = 0;

/** Begins to measure: the function tells what has passed since, in ms, without what others took at yield points. */
export function startStopwatch(): () => number {
  const [start, awayBefore] = [performance.now(), away];
  return () => performance.now() - start - (away - awayBefore);
}

/** Serves somebody at a yield point. */
export function beAway(work: () => void): void {
  const start = performance.now();
  work();
  away += performance.now() - start;
}

/** Has this thread call `serveOthers` at every yield point; it decides itself whether it is time. */
export function atYieldPoints(serveOthers: () => void): void {
  others = serveOthers;
}
