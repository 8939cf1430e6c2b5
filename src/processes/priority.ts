import { platform, setPriority } from "node:os";

/**
 * How much less of a busy processor something gets, from 0 to 19; five steps are about a third. The thread that answers
 * clients is at 0: what it does is short, and somebody waits for it.
 */
export const NICENESS = {
  /** Threads that compute networks. */
  host: 3,
  /** Readers of files, and writers. */
  job: 10,
};

/** Lowers the priority of this thread alone, where the system has one per thread. */
export function lowerThread(niceness: number): void {
  if (platform() === "linux") lowerProcess(0, niceness);
}

/** Lowers the priority of a process. */
export function lowerProcess(pid: number, niceness: number): void {
  try {
    setPriority(pid, niceness);
  } catch {
    // Not every system lets it; the work is done all the same.
  }
}
