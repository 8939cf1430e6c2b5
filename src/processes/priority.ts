import { platform, setPriority } from "node:os";

/**
 * Niceness, from 0 to 19: a higher value gets less of a busy processor; five steps are about a third. The thread that
 * answers clients stays at 0, because its work is short and clients wait for it.
 */
export const NICENESS = {
  /** Threads that compute networks. */
  host: 3,
  /** Processes that read or write files. */
  job: 10,
};

/** Lowers the priority of this thread only; does nothing on systems without priorities per thread. */
export function lowerThread(niceness: number): void {
  if (platform() === "linux") lowerProcess(0, niceness);
}

/** Lowers the priority of a process. */
export function lowerProcess(pid: number, niceness: number): void {
  try {
    setPriority(pid, niceness);
  } catch {
    // Not every system allows it; the job runs with normal priority then.
  }
}
