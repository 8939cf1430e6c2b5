/** Scores of predicted numbers, in the unit of the target or its square; null where they are undefined. */
export interface NumberMetrics {
  /** Rows that counted: those whose target is not missing. */
  rows: number;
  /** Rows in which the answer was no finite number: then there are no scores. Only if there are any. */
  not_finite_rows?: number;
  /** Mean absolute error. */
  mae: number | null;
  /** Root of the mean squared error. */
  rmse: number | null;
  /** Share of the variance that is explained, at most 1; null for a constant target. */
  r2: number | null;
}

/** Scores of always answering the mean. */
export interface NumberBaseline {
  /** The answer. */
  mean: number | null;
  rows: number;
  /** Null if the mean was not known before the rows. */
  mae: number | null;
  rmse: number | null;
  r2: number | null;
}

/** Keeps the scores of predicted numbers while they come in batches. */
export class NumberScores {
  readonly #knownMean: number | undefined;
  #rows = 0;
  #notFinite = 0;
  #absolute = 0;
  #squares = 0;
  #mean = 0;
  /** Sum of the squared distances of the targets from their mean. */
  #spread = 0;
  /** Sum of the distances of the targets from the known mean. */
  #absoluteToMean = 0;

  /** `mean` is the baseline's answer: that of the rows from which the network has learnt, or of the rows to come. */
  constructor(mean?: number) {
    this.#knownMean = mean;
  }

  /** Adds rows; those whose `truth` is NaN do not count. */
  add(truth: ArrayLike<number>, answers: ArrayLike<number>): void {
    for (let row = 0; row < truth.length; row++) {
      const target = truth[row]!;
      if (Number.isNaN(target)) continue;
      this.#addTarget(target);
      const error = answers[row]! - target;
      if (Number.isFinite(error)) {
        this.#absolute += Math.abs(error);
        this.#squares += error * error;
      } else this.#notFinite += 1;
    }
  }

  #addTarget(target: number): void {
    if (this.#knownMean !== undefined) this.#absoluteToMean += Math.abs(target - this.#knownMean);
    this.#rows += 1;
    // Welford's update: sums of squares would lose the digits of numbers far from 0.
    const distance = target - this.#mean;
    this.#mean += distance / this.#rows;
    this.#spread += distance * (target - this.#mean);
  }

  metrics(): NumberMetrics {
    const rows = this.#rows;
    const isDefined = rows > 0 && this.#notFinite === 0;
    return {
      rows,
      ...(this.#notFinite > 0 && { not_finite_rows: this.#notFinite }),
      mae: isDefined ? this.#absolute / rows : null,
      rmse: isDefined ? Math.sqrt(this.#squares / rows) : null,
      r2: isDefined ? this.#explained(this.#squares) : null,
    };
  }

  /** Scores of always answering the known mean; without one, that of these rows. */
  baseline(): NumberBaseline {
    const rows = this.#rows;
    if (rows === 0) return { mean: this.#knownMean ?? null, rows, mae: null, rmse: null, r2: null };
    const mean = this.#knownMean ?? this.#mean;
    const squares = this.#spread + rows * (this.#mean - mean) ** 2;
    return {
      mean,
      rows,
      mae: this.#knownMean === undefined ? null : this.#absoluteToMean / rows,
      rmse: Math.sqrt(squares / rows),
      r2: this.#explained(squares),
    };
  }

  #explained(squares: number): number | null {
    return this.#spread > 0 ? 1 - squares / this.#spread : null;
  }
}
