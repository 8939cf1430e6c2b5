import { AreaUnderCurve } from "./area-under-curve.ts";

/** Probabilities of the true class count as at least this, because the loss of 0 would be infinite. */
const PROBABILITY_MIN = 1e-15;
/** Classes that are listed one by one, and in the confusion matrix. */
const LISTED_MAX = 100;
/** Names may be as long as the cells of a table. */
const NAME_LENGTH_MAX = 254;

/** A class that the network does not know: its rows are wrong, and their probability is 0. */
export const UNKNOWN_CLASS = -1;

/** Scores of one class; null where they are undefined, because it has no rows or was never answered. */
export interface ScoresOfClass {
  class: string;
  rows: number;
  precision: number | null;
  recall: number | null;
  f1: number | null;
}

/** Scores of a classifier, each 0…1 but for `log_loss`; null without rows. */
export interface ClassMetrics {
  /** Rows that counted: those whose class is not missing. */
  rows: number;
  /** Rows of classes that the network does not know; only if there are any. */
  unknown_class_rows?: number;
  accuracy: number | null;
  /** Mean recall of the classes that have rows; all unknown classes count as one with recall 0. */
  balanced_accuracy: number | null;
  /** Mean of −ln of the probability of the true class; not of answers without probabilities. */
  log_loss?: number | null;
  /** Only of two classes with probabilities; null if one of them has no rows. */
  auc?: number | null;
  /** The 100 classes with most rows, or all of them in their order. */
  classes: ScoresOfClass[];
  /** Only of at most 100 classes. `counts[truth][answer]`. */
  confusion?: { classes: string[]; counts: number[][] };
}

/** Scores of always answering the same class with the same probabilities. */
export interface ClassBaseline {
  class: string;
  rows: number;
  accuracy: number | null;
  balanced_accuracy: number | null;
  /** These as in `ClassMetrics`. */
  log_loss?: number | null;
  auc?: number | null;
}

/** Keeps the scores of a classifier while its answers come in batches. */
export class ClassScores {
  readonly #classes: readonly string[];
  readonly #rows: Float64Array;
  readonly #answers: Float64Array;
  readonly #hits: Float64Array;
  /** [truth × classes + answer]; null for many classes. */
  readonly #counts: Float64Array | null;
  readonly #hasProbabilities: boolean;
  readonly #area: AreaUnderCurve | null;
  #unknown = 0;
  #loss = 0;

  /**
   * `classes` are the names of the answers, at least one. Without probabilities, that of the answer is 1 and says
   * nothing.
   */
  constructor(classes: readonly string[], { hasProbabilities = true } = {}) {
    const count = classes.length;
    this.#classes = classes;
    this.#rows = new Float64Array(count);
    this.#answers = new Float64Array(count);
    this.#hits = new Float64Array(count);
    this.#counts = count <= LISTED_MAX ? new Float64Array(count * count) : null;
    this.#hasProbabilities = hasProbabilities;
    this.#area = count === 2 && hasProbabilities ? new AreaUnderCurve() : null;
  }

  /**
   * Adds rows. `truth` has an index of a class per row, `UNKNOWN_CLASS`, or NaN where the class is missing: such a row
   * does not count. `probabilities` [rows × classes] sum to 1 in each row; the first of the highest is the answer.
   */
  add(truth: ArrayLike<number>, probabilities: ArrayLike<number>): void {
    const { length: count } = this.#classes;
    const ofSecond: [number[], number[]] = [[], []];
    for (let row = 0; row < truth.length; row++) {
      const known = truth[row]!;
      if (Number.isNaN(known)) continue;
      const start = row * count;
      let answer = 0;
      for (let k = 1; k < count; k++) if (probabilities[start + k]! > probabilities[start + answer]!) answer = k;
      this.#answers[answer]! += 1;
      const probability = known === UNKNOWN_CLASS ? 0 : probabilities[start + known]!;
      this.#loss -= Math.log(Math.min(1, Math.max(PROBABILITY_MIN, probability)));
      if (known === UNKNOWN_CLASS) {
        this.#unknown += 1;
        continue;
      }
      this.#rows[known]! += 1;
      if (known === answer) this.#hits[known]! += 1;
      if (this.#counts !== null) this.#counts[known * count + answer]! += 1;
      if (this.#area !== null) ofSecond[known as 0 | 1].push(probabilities[start + 1]!);
    }
    for (const side of [0, 1] as const) this.#area?.add(side, Float32Array.from(ofSecond[side]));
  }

  /** Rows that counted so far. */
  get rows(): number {
    return this.#rows.reduce((sum, rows) => sum + rows, this.#unknown);
  }

  metrics(): ClassMetrics {
    const { rows } = this;
    const hits = this.#hits.reduce((sum, each) => sum + each, 0);
    return {
      rows,
      ...(this.#unknown > 0 && { unknown_class_rows: this.#unknown }),
      accuracy: rows > 0 ? hits / rows : null,
      balanced_accuracy: this.#balanced((index) => this.#hits[index]! / this.#rows[index]!),
      ...(this.#hasProbabilities && { log_loss: rows > 0 ? this.#loss / rows : null }),
      ...(this.#area !== null && { auc: this.#area.area() }),
      classes: this.#listed().map((index) => this.#scoresOf(index)),
      ...this.#confusion(),
    };
  }

  /**
   * Scores of always answering the commonest class, with the shares of the classes as probabilities: their shares among
   * the rows from which the network has learnt, whose numbers are `trained`, otherwise among the rows of these scores.
   */
  baseline(trained: ArrayLike<number> = this.#rows): ClassBaseline {
    const { rows } = this;
    let [total, commonest] = [0, 0];
    for (let index = 0; index < this.#classes.length; index++) {
      total += trained[index]!;
      if (trained[index]! > trained[commonest]!) commonest = index;
    }
    const lossOf = (share: number) => -Math.log(Math.max(PROBABILITY_MIN, share));
    let loss = this.#unknown * lossOf(0);
    for (const [index, count] of this.#rows.entries()) {
      if (count > 0) loss += count * lossOf(total > 0 ? trained[index]! / total : 0);
    }
    return {
      class: shortName(this.#classes[commonest]!),
      rows,
      accuracy: rows > 0 ? this.#rows[commonest]! / rows : null,
      balanced_accuracy: this.#balanced((index) => (index === commonest ? 1 : 0)),
      ...(this.#hasProbabilities && { log_loss: rows > 0 ? loss / rows : null }),
      ...(this.#area !== null && { auc: this.#rows.every((count) => count > 0) ? 0.5 : null }),
    };
  }

  /** Mean of the recall of the classes that have rows. */
  #balanced(recallOf: (index: number) => number): number | null {
    let [sum, present] = [0, this.#unknown > 0 ? 1 : 0];
    for (const [index, count] of this.#rows.entries()) {
      if (count === 0) continue;
      sum += recallOf(index);
      present += 1;
    }
    return present > 0 ? sum / present : null;
  }

  #listed(): number[] {
    const all = Array.from(this.#classes, (_, index) => index);
    if (all.length <= LISTED_MAX) return all;
    return all.sort((a, b) => this.#rows[b]! - this.#rows[a]! || a - b).slice(0, LISTED_MAX);
  }

  #scoresOf(index: number): ScoresOfClass {
    const [rows, answers, hits] = [this.#rows[index]!, this.#answers[index]!, this.#hits[index]!];
    const share = (part: number, whole: number) => (whole > 0 ? part / whole : null);
    return {
      class: shortName(this.#classes[index]!),
      rows,
      precision: share(hits, answers),
      recall: share(hits, rows),
      f1: share(2 * hits, rows + answers),
    };
  }

  #confusion(): Pick<ClassMetrics, "confusion"> {
    const counts = this.#counts;
    if (counts === null) return {};
    const { length: count } = this.#classes;
    const rowsOf = (index: number) => [...counts.subarray(index * count, (index + 1) * count)];
    return {
      confusion: {
        classes: this.#classes.map(shortName),
        counts: Array.from({ length: count }, (_, index) => rowsOf(index)),
      },
    };
  }
}

function shortName(name: string): string {
  const letters = Array.from(name);
  return letters.length > NAME_LENGTH_MAX ? `${letters.slice(0, NAME_LENGTH_MAX - 1).join("")}…` : name;
}
