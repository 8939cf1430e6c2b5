/** Rows whose values are kept to know how far they are from their mean. */
const KEPT_ROWS_MAX = 1_000_000;

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
  /** Null beyond a million rows, if the mean was not known before them. */
  mae: number | null;
  rmse: number | null;
  r2: number | null;
}

/** Keeps the scores of predicted numbers while they come in batches. */
export class NumberScores {
  readonly #trainedMean: number | undefined;
  #rows = 0;
  #notFinite = 0;
  #absolute = 0;
  #squares = 0;
  #mean = 0;
  /** Sum of the squared distances of the targets from their mean. */
  #spread = 0;
  #absoluteToTrained = 0;
  #kept = new Float64Array(1024);

  /** `trainedMean`: mean of the rows from which the network has learnt, the baseline's answer if it is known. */
  constructor(trainedMean?: number) {
    this.#trainedMean = trainedMean;
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
    if (this.#rows < KEPT_ROWS_MAX && this.#trainedMean === undefined) this.#keep(target);
    else if (this.#trainedMean !== undefined) this.#absoluteToTrained += Math.abs(target - this.#trainedMean);
    this.#rows += 1;
    // Welford's update: sums of squares would lose the digits of numbers far from 0.
    const distance = target - this.#mean;
    this.#mean += distance / this.#rows;
    this.#spread += distance * (target - this.#mean);
  }

  #keep(target: number): void {
    if (this.#rows === this.#kept.length) {
      const more = new Float64Array(Math.min(KEPT_ROWS_MAX, 2 * this.#rows));
      more.set(this.#kept);
      this.#kept = more;
    }
    this.#kept[this.#rows] = target;
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

  /** Scores of always answering the mean of the trained rows; if it is unknown, that of these rows. */
  baseline(): NumberBaseline {
    const rows = this.#rows;
    if (rows === 0) return { mean: this.#trainedMean ?? null, rows, mae: null, rmse: null, r2: null };
    const mean = this.#trainedMean ?? this.#mean;
    const squares = this.#spread + rows * (this.#mean - mean) ** 2;
    return {
      mean,
      rows,
      mae: this.#absoluteTo(mean),
      rmse: Math.sqrt(squares / rows),
      r2: this.#explained(squares),
    };
  }

  #absoluteTo(mean: number): number | null {
    if (this.#trainedMean !== undefined) return this.#absoluteToTrained / this.#rows;
    if (this.#rows > KEPT_ROWS_MAX) return null;
    let sum = 0;
    for (let row = 0; row < this.#rows; row++) sum += Math.abs(this.#kept[row]! - mean);
    return sum / this.#rows;
  }

  #explained(squares: number): number | null {
    return this.#spread > 0 ? 1 - squares / this.#spread : null;
  }
}
