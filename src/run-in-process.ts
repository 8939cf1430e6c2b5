import { fork, type ForkOptions } from "node:child_process";
import { existsSync } from "node:fs";
import { setPriority } from "node:os";

export interface ProcessLimits {
  heapMib: number;
  /** Processor time, in whole seconds. */
  seconds: number;
}

/** The process ended without an answer: it needed more than it may, or met a defect of the engine. */
export class ProcessEndedError extends Error {
  readonly kind: "time" | "memory";

  constructor(kind: "time" | "memory", { seconds }: ProcessLimits) {
    super(
      kind === "time"
        ? `reading it took more than ${seconds} s of processor time, the limit for its size`
        : "reading it takes too much memory; write it in smaller parts",
    );
    this.name = "ProcessEndedError";
    this.kind = kind;
  }
}

/** Beside the server's own threads at 0, whose work somebody waits for, a job gets about a quarter of a core. */
export const NICENESS = 5;
/** A job that does not even compute is ended, too: after so many times its processor time. */
const PATIENCE = 20;
const SHELL = "/bin/sh";
/** The system ends a process at its limit, also when nobody is left who would. A core of it is of no use. */
const LIMITED = 'ulimit -c 0; ulimit -S -t "$0"; exec "$@"';

/** Where there is no shell, only `PATIENCE` bounds the time. */
function commandOf({ heapMib, seconds }: ProcessLimits): Pick<ForkOptions, "execPath" | "execArgv"> {
  // The server's own options, as with every fork; of two limits the last one counts.
  const options = [...process.execArgv, `--max-old-space-size=${heapMib}`];
  if (!existsSync(SHELL)) return { execArgv: options };
  return { execPath: SHELL, execArgv: ["-c", LIMITED, String(seconds), process.execPath, ...options] };
}

/**
 * Carries out a job in a process of its own, whose file answers it by `answerJob`. Throws ProcessEndedError when it ended
 * without an answer. For work on files of strangers, whose stated sizes may be believed somewhere: running out of memory
 * ends a whole process, whichever thread it happens in. It computes with what the server leaves.
 */
export function runInProcess<Answer>(file: URL, job: object, limits: ProcessLimits): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = fork(file, {
      ...commandOf(limits),
      // Whoever takes over a reader of files shall not find keys and passphrases in its environment.
      env: {},
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    yieldToOthers(child.pid);
    let isLate = false;
    const timer = setTimeout(
      () => {
        isLate = true;
        child.kill("SIGKILL");
      },
      Math.min(PATIENCE * limits.seconds * 1000, 2 ** 31 - 1),
    );
    child.once("message", (answer) => resolve(answer as Answer));
    child.once("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once("exit", () => clearTimeout(timer));
    // Not with "exit": on a busy server that may come before an answer that was sent.
    child.once("close", (_, signal) => {
      // After a message this changes nothing.
      reject(new ProcessEndedError(isLate || signal === "SIGXCPU" ? "time" : "memory", limits));
    });
    // It did not start, and has no channel: the error is on its way.
    if (child.pid === undefined) return;
    child.send(job, (error) => {
      if (error !== null) reject(error);
    });
  });
}

function yieldToOthers(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, NICENESS);
  } catch {
    // Not every system lets it; the job is carried out all the same.
  }
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
