/** How often a look is taken, in ms. */
const TICK_MS = 250;

/** A call, with the ticks in which it was under way. */
export interface WatchedCall {
  ticks?: number;
}

export interface WatchdogOptions {
  /** What the call under way may take, in ms. */
  limitMs(): number;
  /** It has taken longer. Called once for each call. */
  onLimit(): void;
  /** The call under way; undefined when there is none. */
  underWay(): WatchedCall | undefined;
}

/**
 * Measures how long calls are under way; one that gives way to another one goes on with what it had. Only ticks count, each
 * of which comes when this process runs: a machine that slept, or a process that was stopped, makes no call look slow.
 */
export class Watchdog {
  readonly #options: WatchdogOptions;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** For how long the call under way has been waited for, in ms; 0 when there is none. */
  get waitedMs(): number {
    return (this.#options.underWay()?.ticks ?? 0) * TICK_MS;
  }

  #tick(): void {
    const call = this.#options.underWay();
    if (call === undefined) return;
    // It may have begun just now.
    call.ticks = call.ticks === undefined ? 0 : call.ticks + 1;
    if (this.waitedMs >= this.#options.limitMs()) this.#options.onLimit();
  }
}
