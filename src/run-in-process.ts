import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { Places } from "./places.ts";

/** Readers of uploaded files take memory and time of their own: only as many run as the machine has cores to spare. */
export const readerPlaces = new Places(Math.max(1, Math.min(4, availableParallelism() - 1)));

/**
 * Carries out a job in a process of its own, whose file answers it by `answerJob`. Undefined when the process ended
 * without an answer: it needed more than it may, or met a defect of the engine. For work on files of strangers, whose
 * stated sizes may be believed somewhere: running out of memory ends a whole process, whichever thread it happens in.
 */
export function runInProcess<Answer>(
  file: URL,
  job: object,
  limits: { heapMib: number; timeMs: number },
): Promise<Answer | undefined> {
  return new Promise((resolve, reject) => {
    const child = fork(file, {
      execArgv: [`--max-old-space-size=${limits.heapMib}`],
      // Whoever takes over a reader of files shall not find keys and passphrases in its environment.
      env: {},
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), limits.timeMs);
    child.once("message", (answer) => resolve(answer as Answer));
    child.once("error", reject);
    child.once("exit", () => clearTimeout(timer));
    // Not with "exit": on a busy server that may come before an answer that was sent.
    child.once("close", () => {
      // After a message this changes nothing.
      resolve(undefined);
    });
    child.send(job, (error) => {
      if (error !== null) reject(error);
    });
  });
}

/** The other side: takes one job, answers and ends. */
export function answerJob<Job, Answer extends object>(carryOut: (job: Job) => Promise<Answer>): void {
  // Whoever wanted the answer is gone.
  process.once("disconnect", () => process.exit());
  process.once("message", (job: Job) => {
    // The answer would be lost if the channel were closed right after sending it.
    void carryOut(job).then((answer) => process.send?.(answer, () => process.disconnect()));
  });
}
