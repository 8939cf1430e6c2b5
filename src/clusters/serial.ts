/** Runs jobs one after another, in the order of the calls. A failed job does not stop the next one. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(job: () => Promise<T>): Promise<T> {
    const result = this.#last.then(job);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Resolves when all jobs so far have ended. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
