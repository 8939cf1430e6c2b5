interface Pace {
  timer: NodeJS.Timeout;
  /** The newest work that came too early. */
  held: (() => void) | undefined;
}

/** Does work of a key at most once in an interval; of what comes in between, the newest is done at its end. */
export class Pacer {
  readonly #paces = new Map<string, Pace>();

  run(key: string, intervalMs: number, work: () => void): void {
    const pace = this.#paces.get(key);
    if (pace !== undefined) {
      pace.held = work;
      return;
    }
    this.#begin(key, intervalMs);
    work();
  }

  /** Does now what is held back. */
  flush(key: string): void {
    const pace = this.#paces.get(key);
    if (pace === undefined) return;
    clearTimeout(pace.timer);
    this.#paces.delete(key);
    pace.held?.();
  }

  #begin(key: string, intervalMs: number): void {
    const end = () => {
      const held = this.#paces.get(key)?.held;
      this.#paces.delete(key);
      if (held !== undefined) this.run(key, intervalMs, held);
    };
    this.#paces.set(key, { timer: setTimeout(end, intervalMs).unref(), held: undefined });
  }
}
