import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

export const seed = Number(process.env["HANAMI_FUZZ_SEED"] ?? 1);
/** Of each kind; those that need a file or a connection each get a share. */
export const cases = Number(process.env["HANAMI_FUZZ_CASES"] ?? 600);
/** Of trained states; those that are accepted go to four engines. */
export const mutants = Number(process.env["HANAMI_FUZZ_MUTANTS"] ?? 200);
export const timeout = 60_000 + cases * 100;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** What garbage collection leaves may vary by this much; a leak of 4 KB per case exceeds it within 10 000 cases. */
const heapMarginBytes = 32 * 1024 * 1024;

/**
 * Watches the heap over a loop: call the returned function after each case. Throws after the last one when more is held
 * than after the first half, in which caches fill.
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
