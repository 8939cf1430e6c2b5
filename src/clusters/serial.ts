const nothing = () => undefined;

/** Runs jobs one after another, in the order of the calls. A failed job does not stop the next one. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve();
  #count = 0;

  /** True while no job runs or waits. */
  get isIdle(): boolean {
    return this.#count === 0;
  }

  run<T>(job: () => Promise<T>): Promise<T> {
    this.#count += 1;
    const result = this.#last.then(job).finally(() => {
      this.#count -= 1;
    });
    // Keeps no result in memory.
    this.#last = result.then(nothing, nothing);
    return result;
  }

  /** Resolves when all jobs so far have ended. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
