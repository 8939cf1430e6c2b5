/** Work on input of eight times the length takes eight times as long when linear, and 64 times when quadratic. */
const TIMES = 8;
const RATIO_MAX = 2 * TIMES;
/** Below this, other work on the machine outweighs the measurement. */
const MOMENT_MS = 10;
/** A busy machine is no failure, as long as one attempt succeeds. */
const ATTEMPTS = 5;

/**
 * Runs `work` with a length and with eight times the length. Throws if the time grows faster than the length in every
 * one of several attempts.
 */
export async function expectLinear(length: number, work: (length: number) => Promise<void>): Promise<void> {
  const took: string[] = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const short = await measure(() => work(length));
    const long = await measure(() => work(TIMES * length));
    if (long < RATIO_MAX * Math.max(short, MOMENT_MS)) return;
    took.push(`${short.toFixed(0)} and ${long.toFixed(0)} ms`);
  }
  throw new Error(`length ${length} and ${TIMES} times as long take ${took.join(", ")}`);
}

async function measure(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
