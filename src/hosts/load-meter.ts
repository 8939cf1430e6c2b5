/** Measures the share of recent time spent computing, with an exponential window of a few seconds. */
export class LoadMeter {
  readonly #now: () => number;
  #share = 0;
  #at: number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#at = now();
  }

  /** Records work that has just ended. */
  worked(elapsedMs: number): void {
    const idleMs = Math.max(0, this.#now() - this.#at - elapsedMs);
    this.#share *= decay(idleMs);
    this.#share = 1 - (1 - this.#share) * decay(elapsedMs);
    this.#at = this.#now();
  }

  /** 0…1, to four places. */
  read(): number {
    return idleLoad(this.#share, this.#now() - this.#at);
  }
}

/** Updates a load with work that has been running for `elapsedMs` and has not ended yet. */
export function busyLoad(load: number, elapsedMs: number): number {
  return Math.round((1 - (1 - load) * decay(elapsedMs)) * 1e4) / 1e4;
}

/** Updates a load after `elapsedMs` without work. */
export function idleLoad(load: number, elapsedMs: number): number {
  return Math.round(load * decay(elapsedMs) * 1e4) / 1e4;
}

const WINDOW_MS = 5_000;

function decay(elapsedMs: number): number {
  return Math.exp(-elapsedMs / WINDOW_MS);
}
