/** Measurements of all held-out rows of one training, at most: more epochs are measured in steps of several. */
const MEASURES_MAX = 100;
/** Measurements of one training, at least, as far as it has so many steps. */
export const MEASURES_MIN = 20;

/**
 * The cycles of a training after which its network is measured: at the ends of steps, and depending on the task alone.
 * At the ends of epochs on all rows that are held out; with few epochs also in between, on some of them.
 */
export class MeasureTimes {
  readonly #span: number;
  readonly #parts: number;
  readonly #batchSize: number;
  readonly #total: number;

  /** `period` is the number of cycles of an epoch, `total` that of the task. */
  constructor(task: { epochs: number; period: number; batchSize: number; total: number }) {
    const every = Math.ceil(task.epochs / MEASURES_MAX);
    this.#span = every * task.period;
    this.#parts = Math.ceil(MEASURES_MIN / Math.ceil(task.epochs / every));
    this.#batchSize = task.batchSize;
    this.#total = task.total;
  }

  /** The first measurement after this cycle. */
  next(cycle: number): number {
    return this.#next(cycle, this.#parts);
  }

  /** Whether the network is measured after this cycle. */
  has(cycle: number): boolean {
    return cycle > 0 && this.#next(cycle - 1, this.#parts) === cycle;
  }

  /** Whether it is the end of the step that ends an epoch. */
  hasWhole(cycle: number): boolean {
    return cycle > 0 && this.#next(cycle - 1, 1) === cycle;
  }

  /** The end of the step that ends the first of `parts` equal parts of a span to end after this cycle. */
  #next(cycle: number, parts: number): number {
    const batch = this.#batchSize;
    const steps = Math.floor(cycle / batch) * batch;
    const part = Math.floor((steps * parts) / this.#span) + 1;
    return Math.min(this.#total, Math.ceil((part * this.#span) / (parts * batch)) * batch);
  }
}
