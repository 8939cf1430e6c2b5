/** How often a look is taken, in ms. */
const TICK_MS = 250;

export interface WatchdogOptions {
  /** What the call under way may take, in ms. */
  limitMs(): number;
  /** It has taken longer. Called once for each call. */
  onLimit(): void;
  /** The call under way: the same as long as it is the same one; undefined when there is none. */
  underWay(): number | undefined;
}

/**
 * Measures how long a call is under way. Only ticks count, each of which comes when this process runs: a machine that
 * slept, or a process that was stopped, makes no call look slow.
 */
export class Watchdog {
  readonly #options: WatchdogOptions;
  #timer: NodeJS.Timeout | null = null;
  #call: number | undefined;
  #ticks = 0;

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#call = undefined;
    this.#ticks = 0;
  }

  /** For how long the call under way has been waited for, in ms; 0 when there is none. */
  get waitedMs(): number {
    return this.#call !== undefined && this.#call === this.#options.underWay() ? this.#ticks * TICK_MS : 0;
  }

  #tick(): void {
    const call = this.#options.underWay();
    if (call === undefined || call !== this.#call) {
      this.#call = call;
      this.#ticks = 0;
      return;
    }
    this.#ticks += 1;
    if (this.waitedMs >= this.#options.limitMs()) this.#options.onLimit();
  }
}
