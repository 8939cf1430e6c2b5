/** Something that is eight times as long takes eight times as long; what is quadratic takes 64 times as long. */
const TIMES = 8;
const RATIO_MAX = 2 * TIMES;
/** Below it, a moment of other work is more than what is measured. */
const MOMENT_MS = 10;
/** A busy machine is no reason to fail, as long as one of them goes well. */
const ATTEMPTS = 5;

/**
 * Carries out `work` with a length and eight times the length, and throws when the time grows faster than the length in
 * each of several attempts.
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
