/** Carries out only so many jobs at a time; the others wait, first come, first served. */
export class Places {
  readonly #max: number;
  #taken = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  async run<T>(job: () => Promise<T>): Promise<T> {
    if (this.#taken >= this.#max) await new Promise<void>((start) => this.#waiting.push(start));
    else this.#taken++;
    try {
      return await job();
    } finally {
      const next = this.#waiting.shift();
      // The place goes straight to the next one, so nobody can slip in between.
      if (next === undefined) this.#taken--;
      else next();
    }
  }
}
