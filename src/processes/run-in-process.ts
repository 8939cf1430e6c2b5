import { type ChildProcess, fork } from "node:child_process";
import { SECLUDED } from "./job-process.ts";
import { lowerProcess, NICENESS } from "./priority.ts";
import { ProcessEndedError, type ProcessLimits } from "./process-limits.ts";
import type { StarterReply, StarterRequest } from "./starter-process.ts";

interface Pending {
  limits: ProcessLimits;
  isTaken: boolean;
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/**
 * Runs a job in a separate process, whose file calls `answerJob`. Throws ProcessEndedError when the process ends
 * without an answer. Used for untrusted files: a library may trust a size stated in the file, and running out of memory
 * in any thread kills the whole process. The process runs at low priority.
 */
export async function runInProcess<Answer>(file: URL, job: object, limits: ProcessLimits): Promise<Answer> {
  const run = () => {
    if (starter?.hasEnded !== false) starter = new Starter();
    return starter.run(file, job, limits) as Promise<Answer>;
  };
  try {
    return await run();
  } catch (error) {
    // The starter had ended by itself, which was not known yet.
    if (error instanceof NotTakenError) return run();
    throw error;
  }
}

let starter: Starter | null = null;

/** The starter process ended before it took the job. */
class NotTakenError extends Error {}

function endedError({ isTaken }: Pending): Error {
  const text = "the process that starts others has ended";
  return isTaken ? new Error(text) : new NotTakenError(text);
}

/** The process that starts job processes. It exists from the first job on, and does not keep this process alive. */
class Starter {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  hasEnded = false;
  #nextId = 1;

  constructor() {
    this.#child = fork(new URL("./starter-process.js", import.meta.url), SECLUDED);
    // Its children inherit this priority.
    if (this.#child.pid !== undefined) lowerProcess(this.#child.pid, NICENESS.job);
    this.#child.on("message", (reply: StarterReply) => this.#settle(reply));
    // The starter could not be started.
    this.#child.once("error", (error) => this.#end(() => error));
    this.#child.once("exit", () => this.#end(endedError));
    this.#keepAlive(false);
  }

  run(file: URL, job: object, limits: ProcessLimits): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#pending.set(id, { limits, isTaken: false, resolve, reject });
      this.#keepAlive(true);
      // The starter did not start and has no channel; an "error" event follows.
      if (this.#child.pid === undefined) return;
      const request: StarterRequest = { id, file: file.href, job, limits };
      this.#child.send(request, (error) => {
        // An "exit" event follows anyway.
        if (error !== null) this.#end(endedError);
      });
    });
  }

  #end(errorOf: (pending: Pending) => Error): void {
    this.hasEnded = true;
    for (const pending of this.#pending.values()) pending.reject(errorOf(pending));
    this.#pending.clear();
  }

  #settle(reply: StarterReply): void {
    const pending = this.#pending.get(reply.id);
    if (reply.kind === "taken") {
      if (pending !== undefined) pending.isTaken = true;
      return;
    }
    this.#pending.delete(reply.id);
    if (this.#pending.size === 0) this.#keepAlive(false);
    if (reply.kind === "answered") pending?.resolve(reply.answer);
    else if (reply.kind === "ended") pending?.reject(new ProcessEndedError(reply.how, pending.limits));
    else pending?.reject(Object.assign(new Error(reply.message), { code: reply.code }));
  }

  /** Sets whether the starter keeps this process alive. */
  #keepAlive(isWanted: boolean): void {
    const does = isWanted ? "ref" : "unref";
    this.#child[does]();
    this.#child.channel?.[does]();
  }
}
