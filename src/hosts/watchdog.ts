/** Interval between two checks. */
const TICK_MS = 250;

/** A call, with the number of ticks during which it has been running. */
export interface WatchedCall {
  ticks?: number;
}

export interface WatchdogOptions {
  /** Time limit of the running call, in ms. */
  limitMs(): number;
  /** Called once for a call that exceeds its limit. */
  onLimit(): void;
  /** The running call; undefined if there is none. */
  underWay(): WatchedCall | undefined;
}

/**
 * Measures how long calls run; a call that yields to another one keeps its time. The watchdog counts ticks, which come
 * only while this process runs, so a suspended machine or a stopped process makes no call look slow.
 */
export class Watchdog {
  readonly #options: WatchdogOptions;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  /** Call it for every call. It stops by itself when a tick finds none. */
  start(): void {
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** How long the running call has been running, in ms; 0 if there is none. */
  get waitedMs(): number {
    return (this.#options.underWay()?.ticks ?? 0) * TICK_MS;
  }

  #tick(): void {
    const call = this.#options.underWay();
    if (call === undefined) {
      this.stop();
      return;
    }
    // The call may have started just now, so its first tick counts 0.
    call.ticks = call.ticks === undefined ? 0 : call.ticks + 1;
    if (this.waitedMs >= this.#options.limitMs()) this.#options.onLimit();
  }
}
