import { fork, type ForkOptions } from "node:child_process";
import { existsSync } from "node:fs";
import { ProcessEndedError, type ProcessLimits } from "./process-limits.ts";

/** Bounds a job's elapsed time, in multiples of its processor time; this also kills a job that hangs while idle. */
const PATIENCE = 20;
const SHELL = "/bin/sh";
/** The system kills a process at its limit, even after the server has died. Core dumps are off: they are useless. */
const LIMITED = 'ulimit -c 0; ulimit -S -t "$0"; exec "$@"';

/** Where there is no shell, only `PATIENCE` bounds the time. */
function commandOf({ heapMib, seconds }: ProcessLimits): Pick<ForkOptions, "execPath" | "execArgv"> {
  // Like every fork, it inherits the server's options; of two heap limits the last one counts.
  const options = [...process.execArgv, `--max-old-space-size=${heapMib}`];
  if (!existsSync(SHELL)) return { execArgv: options };
  return { execPath: SHELL, execArgv: ["-c", LIMITED, String(seconds), process.execPath, ...options] };
}

/** Hides keys and passphrases: a compromised file reader finds none in its environment, or in that of its parent. */
export const SECLUDED: ForkOptions = { env: {}, stdio: ["ignore", "ignore", "ignore", "ipc"] };

/** Runs a job, as `runInProcess` describes, in a child of this process. */
export function runJobProcess<Answer>(file: URL, job: object, limits: ProcessLimits): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = fork(file, { ...commandOf(limits), ...SECLUDED });
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
    // Not on "exit": on a busy server that event may come before an answer that was already sent.
    child.once("close", (_, signal) => {
      // Has no effect after a message.
      reject(new ProcessEndedError(isLate || signal === "SIGXCPU" ? "time" : "memory", limits));
    });
    // The process did not start and has no channel; an "error" event follows.
    if (child.pid === undefined) return;
    child.send(job, (error) => {
      if (error !== null) reject(error);
    });
  });
}
