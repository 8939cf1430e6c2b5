/** Share of the recent time that was spent computing, with an exponential window of a few seconds. */
export class LoadMeter {
  readonly #now: () => number;
  #share = 0;
  #at: number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#at = now();
  }

  /** Reports work that ended now. */
  worked(elapsedMs: number): void {
    const idleMs = Math.max(0, this.#now() - this.#at - elapsedMs);
    this.#share *= decay(idleMs);
    this.#share = 1 - (1 - this.#share) * decay(elapsedMs);
    this.#at = this.#now();
  }

  /** 0…1, to four places. */
  read(): number {
    return Math.round(this.#share * decay(this.#now() - this.#at) * 1e4) / 1e4;
  }
}

/** What a load becomes with this much work since, which has not ended yet. */
export function busyLoad(load: number, elapsedMs: number): number {
  return Math.round((1 - (1 - load) * decay(elapsedMs)) * 1e4) / 1e4;
}

const WINDOW_MS = 5_000;

function decay(elapsedMs: number): number {
  return Math.exp(-elapsedMs / WINDOW_MS);
}
