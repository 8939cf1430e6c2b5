import { HostError, HostHungError } from "../hosts/host-errors.ts";

/** So often may a cluster's work fail to end before it is refused, for so many times what was waited for it. */
const HANGS_MAX = 2;
const PAUSES = 10;

/** Counts the calls of one cluster that did not end; after some of them no more are let through for a while. */
export class Hangs {
  #count = 0;
  #refusal: { untilMs: number; error: HostError } | null = null;

  /** Throws HostError `hung` while no call may be made. */
  check(): void {
    if (this.#refusal === null) return;
    if (performance.now() < this.#refusal.untilMs) throw this.#refusal.error;
    this.#refusal = null;
  }

  /** Waits for a call. It rejects with HostError `hung` in place of HostHungError when that was once too often. */
  async watch<T>(call: Promise<T>): Promise<T> {
    try {
      return await call;
    } catch (error) {
      if (!(error instanceof HostHungError)) throw error;
      this.#count += 1;
      if (this.#count < HANGS_MAX) throw error;
      throw this.#refuse(error.seconds);
    }
  }

  /** What hung is not there any more. */
  forget(): void {
    this.#count = 0;
    this.#refusal = null;
  }

  #refuse(seconds: number): HostError {
    const pauseS = PAUSES * seconds;
    const error = new HostError(
      "hung",
      `The cluster's work did not end within ${seconds} s, ${HANGS_MAX} times, and its host had to be ended. ` +
        `It is tried again after ${pauseS} s, or when the cluster is on another host.`,
    );
    this.#count = 0;
    this.#refusal = { untilMs: performance.now() + 1000 * pauseS, error };
    return error;
  }
}
