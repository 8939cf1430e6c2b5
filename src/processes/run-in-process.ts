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
 * Carries out a job in a process of its own, whose file answers it by `answerJob`. Throws ProcessEndedError when it ended
 * without an answer. For work on files of strangers, whose stated sizes may be believed somewhere: running out of memory
 * ends a whole process, whichever thread it happens in. It computes with what the server leaves.
 */
export async function runInProcess<Answer>(file: URL, job: object, limits: ProcessLimits): Promise<Answer> {
  const run = () => {
    if (starter?.hasEnded !== false) starter = new Starter();
    return starter.run(file, job, limits) as Promise<Answer>;
  };
  try {
    return await run();
  } catch (error) {
    // It had ended by itself, and nobody knew yet.
    if (error instanceof NotTakenError) return run();
    throw error;
  }
}

let starter: Starter | null = null;

/** The process that starts others has ended before it took a job. */
class NotTakenError extends Error {}

function endedError({ isTaken }: Pending): Error {
  const text = "the process that starts others has ended";
  return isTaken ? new Error(text) : new NotTakenError(text);
}

/** The process that starts those of the jobs. It is there from the first job on, and does not keep this one alive. */
class Starter {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  hasEnded = false;
  #nextId = 1;

  constructor() {
    this.#child = fork(new URL("./starter-process.js", import.meta.url), SECLUDED);
    // What it starts begins with its priority.
    if (this.#child.pid !== undefined) lowerProcess(this.#child.pid, NICENESS.job);
    this.#child.on("message", (reply: StarterReply) => this.#settle(reply));
    // It could not be started.
    this.#child.once("error", (error) => this.#end(() => error));
    this.#child.once("exit", () => this.#end(endedError));
    this.#keepAlive(false);
  }

  run(file: URL, job: object, limits: ProcessLimits): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#pending.set(id, { limits, isTaken: false, resolve, reject });
      this.#keepAlive(true);
      // It did not start, and has no channel: the error is on its way.
      if (this.#child.pid === undefined) return;
      const request: StarterRequest = { id, file: file.href, job, limits };
      this.#child.send(request, (error) => {
        // Its end is on its way, too.
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

  /** Does this process go on as long as the starter does? */
  #keepAlive(isWanted: boolean): void {
    const does = isWanted ? "ref" : "unref";
    this.#child[does]();
    this.#child.channel?.[does]();
  }
}
