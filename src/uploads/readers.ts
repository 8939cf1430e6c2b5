import { availableParallelism, totalmem } from "node:os";
import type { Limits } from "../server/config.ts";
import { Semaphore, type SemaphoreLimits, type SemaphoreOwner } from "../limits/semaphore.ts";

/** Worst case of a reader's heap and buffers. */
const READER_BYTES = 640 * 2 ** 20;
/** Larger files may take minutes; one place stays free of them for smaller files. */
const LONG_BYTES = 8_000_000;

/**
 * Per user: one reader less than the machine has cores, from 1 to 4. Per project: one more. In total: twice the number
 * per project, bounded by a third of the memory, but at least 3.
 */
export function readerLimits(cores: number, memoryBytes: number): SemaphoreLimits {
  const user = Math.max(1, Math.min(4, cores - 1));
  const total = Math.max(3, Math.min(2 * (user + 1), Math.floor(memoryBytes / 3 / READER_BYTES)));
  const group = Math.min(user + 1, total - 1);
  return { total, group, user: Math.min(user, group - 1), long: total - 1 };
}

/** Bounds how many readers of uploaded files run at once: each is a process with its own time and memory. */
export class Readers {
  readonly #limits: Pick<Limits, "importSeconds" | "importSecondsPerMb">;
  readonly #semaphore: Semaphore;

  constructor(limits: Pick<Limits, "importSeconds" | "importSecondsPerMb">) {
    this.#limits = limits;
    const memoryBytes = Math.min(totalmem(), process.constrainedMemory() || Infinity);
    this.#semaphore = new Semaphore(readerLimits(availableParallelism(), memoryBytes));
  }

  /** Runs `read` in the turn of its project and user. Its argument is the limit of processor time in seconds. */
  run<T>(
    { projectId, userId }: { projectId: string; userId: string },
    bytes: number,
    read: (seconds: number) => Promise<T>,
  ): Promise<T> {
    const owner: SemaphoreOwner = { group: projectId, user: userId };
    const { importSeconds, importSecondsPerMb } = this.#limits;
    const seconds = importSeconds + Math.floor((importSecondsPerMb * bytes) / 1e6);
    return this.#semaphore.run(owner, () => read(seconds), { isLong: bytes > LONG_BYTES });
  }
}
