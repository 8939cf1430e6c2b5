import { availableParallelism, totalmem } from "node:os";
import type { Limits } from "../server/config.ts";
import { Semaphore, type SemaphoreLimits, type SemaphoreOwner } from "../limits/semaphore.ts";

/** Heap and buffers of a reader at its worst. */
const READER_BYTES = 640 * 2 ** 20;
/** Files beyond this may take minutes; smaller ones always find a place that they do not have. */
const LONG_BYTES = 8_000_000;

/**
 * As many for one user as the machine has cores to spare, up to 4; for one project one more; for all twice that, as far
 * as a third of the memory suffices, but 3 at least.
 */
export function readerLimits(cores: number, memoryBytes: number): SemaphoreLimits {
  const user = Math.max(1, Math.min(4, cores - 1));
  const total = Math.max(3, Math.min(2 * (user + 1), Math.floor(memoryBytes / 3 / READER_BYTES)));
  const group = Math.min(user + 1, total - 1);
  return { total, group, user: Math.min(user, group - 1), long: total - 1 };
}

/** The readers of uploaded files: processes that take time and memory of their own, so that only some run at once. */
export class Readers {
  readonly #limits: Pick<Limits, "importSeconds" | "importSecondsPerMb">;
  readonly #places: Semaphore;

  constructor(limits: Pick<Limits, "importSeconds" | "importSecondsPerMb">) {
    this.#limits = limits;
    const memoryBytes = Math.min(totalmem(), process.constrainedMemory() || Infinity);
    this.#places = new Semaphore(readerLimits(availableParallelism(), memoryBytes));
  }

  /** Carries out `read` when its project and user have their turn. It is told how much processor time it may take. */
  run<T>(
    { projectId, userId }: { projectId: string; userId: string },
    bytes: number,
    read: (seconds: number) => Promise<T>,
  ): Promise<T> {
    const owner: SemaphoreOwner = { group: projectId, user: userId };
    const { importSeconds, importSecondsPerMb } = this.#limits;
    const seconds = importSeconds + Math.floor((importSecondsPerMb * bytes) / 1e6);
    return this.#places.run(owner, () => read(seconds), { isLong: bytes > LONG_BYTES });
  }
}
