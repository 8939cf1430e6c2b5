/** A notification is given up after so many failures: about a day. */
export const TRIES_MAX = 150;

const FIRST_MS = 1000;
const LONGEST_MS = 600_000;
/** So that notifications that failed together are not all repeated together. */
const JITTER = 0.25;

/** Longest delay before a retry. */
export const RETRY_MS_MAX = (1 + JITTER) * LONGEST_MS;

/** Delay after so many failures; `random` is from 0 to 1. */
export function retryMs(failures: number, random: number): number {
  return Math.min(FIRST_MS * 2 ** (failures - 1), LONGEST_MS) * (1 - JITTER + 2 * JITTER * random);
}
