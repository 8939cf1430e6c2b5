import { Semaphore, type SemaphoreOwner } from "../limits/semaphore.ts";

/** Steps whose rows take more than this are wide: no step is whose size the server has chosen. */
const WIDE_BYTES = 64 * 1024 * 1024;

/** The rows of one wide step take up to 512 MiB, and its computation several times as much. */
const turns = new Semaphore({ total: 1, group: 1, user: 1, long: 1 });

export const isWideStep = (bytes: number) => bytes > WIDE_BYTES;

/** Reads and trains a wide step while no other one is in memory. Projects and users take turns. */
export function runWideStep<T>(owner: SemaphoreOwner, step: () => Promise<T>): Promise<T> {
  return turns.run(owner, step);
}
