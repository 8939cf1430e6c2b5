import { fork, type ForkOptions } from "node:child_process";
import { existsSync } from "node:fs";
import { ProcessEndedError, type ProcessLimits } from "./process-limits.ts";

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

/** Whoever takes over a reader of files shall not find keys and passphrases in its environment, or that of its parent. */
export const SECLUDED: ForkOptions = { env: {}, stdio: ["ignore", "ignore", "ignore", "ipc"] };

/** What `runInProcess` promises, carried out as a child of this process. */
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
