import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

export const seed = Number(process.env["HANAMI_FUZZ_SEED"] ?? 1);
/** Cases of each kind; kinds that need a file or a connection get a share of it. */
export const cases = Number(process.env["HANAMI_FUZZ_CASES"] ?? 600);
/** Mutants of trained states; accepted ones run on four engines. */
export const mutants = Number(process.env["HANAMI_FUZZ_MUTANTS"] ?? 200);
export const timeout = 60_000 + cases * 100;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** The heap after garbage collection may vary by this much; a leak of 4 KB per case exceeds it within 10 000 cases. */
const heapMarginBytes = 32 * 1024 * 1024;

/**
 * Watches the heap during a loop: call the returned function after each case. Throws after the last one if the heap has
 * grown since the first half, in which caches fill.
 */
export function flatHeap(count: number): (done: number) => void {
  let halfway = 0;
  return (done) => {
    if (done !== count >> 1 && done !== count) return;
    collectGarbage();
    const { heapUsed } = process.memoryUsage();
    if (done !== count) halfway = heapUsed;
    else if (heapUsed > halfway + heapMarginBytes) {
      throw new Error(`the heap grew from ${halfway} to ${heapUsed} bytes in the second half of ${count} cases`);
    }
  };
}
