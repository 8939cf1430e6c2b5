import { Worker } from "node:worker_threads";
import type { CheckedNetwork, NetworkCheck } from "./read-network-worker.ts";

/** A thread without work ends after this time. */
const SPARE_MS = 10_000;

interface Job {
  resolve(answer: CheckedNetwork): void;
  reject(error: Error): void;
}

/** A thread that checks networks, one at a time. */
export class CheckThread {
  readonly #worker: Worker;
  readonly #onEnd: (thread: CheckThread) => void;
  #job: Job | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Calls `onEnd` when the thread is of no more use. */
  constructor(onEnd: (thread: CheckThread) => void) {
    this.#onEnd = onEnd;
    this.#worker = new Worker(new URL("./read-network-worker.js", import.meta.url), { name: "read-network" });
    this.#worker.on("message", (answer: CheckedNetwork) => this.#job?.resolve(answer));
    this.#worker.on("error", (error: Error) => this.#ended(error));
    this.#worker.on("exit", (code) =>
      this.#ended(new Error(`the thread that checks networks ended with code ${code}`)),
    );
  }

  /** Takes the bytes. */
  async check(check: NetworkCheck): Promise<CheckedNetwork> {
    clearTimeout(this.#timer);
    this.#worker.ref();
    const answer = await new Promise<CheckedNetwork>((resolve, reject) => {
      this.#job = { resolve, reject };
      this.#worker.postMessage(check, [check.bytes.buffer]);
    });
    // Without work it does not keep the process alive.
    this.#worker.unref();
    this.#job = undefined;
    this.#timer = setTimeout(() => this.end(), SPARE_MS).unref();
    return answer;
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#onEnd(this);
    void this.#worker.terminate();
  }

  #ended(error: Error): void {
    this.#onEnd(this);
    this.#job?.reject(error);
  }
}
