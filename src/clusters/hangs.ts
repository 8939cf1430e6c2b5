import { HostError, HostHungError } from "../hosts/host-errors.ts";

/**
 * Number of hangs after which a cluster's calls are refused, and the length of the refusal in multiples of the time
 * limit of a call.
 */
const HANGS_MAX = 2;
const PAUSES = 10;

/** Counts one cluster's hung calls and refuses its calls for a while after some of them. */
export class Hangs {
  #count = 0;
  #refusal: { untilMs: number; error: HostError } | null = null;

  /** True when nothing has hung. */
  get isClear(): boolean {
    return this.#count === 0 && this.refusal === null;
  }

  /** The reason while calls are refused. */
  get refusal(): HostError | null {
    if (this.#refusal !== null && performance.now() >= this.#refusal.untilMs) this.#refusal = null;
    return this.#refusal?.error ?? null;
  }

  /** Throws HostError `hung` while calls are refused. */
  check(): void {
    if (this.refusal !== null) throw this.refusal;
  }

  /** Waits for a call. Rejects with HostError `hung` instead of HostHungError when this hang is one too many. */
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

  /** Forgets earlier hangs. */
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
