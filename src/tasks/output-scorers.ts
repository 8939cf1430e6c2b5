import { ClassScores } from "../evaluation/class-scores.ts";
import { NumberScores } from "../evaluation/number-scores.ts";
import type { OutputMetrics } from "../db/schema/index.ts";
import type { OutputKind } from "../network/template/parse-template.ts";

/** Keeps the scores of one output of a network while its answers come slice by slice. */
export interface OutputScorer {
  /** Adds rows: `targets` and `answers` have `width` values for each; without answers, those are 0. */
  add(targets: ArrayLike<number>, answers: ArrayLike<number>): void;
  metrics(): OutputMetrics;
  baseline(): OutputMetrics;
  /** What grows with the errors: log loss of classes, unexplained variance of numbers; infinite without rows. */
  readonly loss: number;
  /** Sentences about rows that were not measured as their owner may expect. */
  warnings(): string[];
}

/** What is known about the targets of an output before its answers come. */
export interface TargetFacts {
  kind: OutputKind;
  /** Values per row. */
  width: number;
  /** Mean of all values; undefined without any. */
  mean: number | undefined;
  /** Classes of an encoder, and rows of each. */
  classes: readonly string[];
  counts: Float64Array;
}

/** The scorer for an output; see docs/api-extensions.md for what its scores are. */
export function outputScorer(name: string, facts: TargetFacts): OutputScorer {
  const { kind } = facts;
  if (kind === "class") return new ClassScorer(name, facts);
  if (kind === "bool") return new YesNoScorer();
  return kind === "plain" && facts.width > 1 ? new OneHotScorer(name, facts) : new NumberScorer(facts.mean);
}

/** Every row has the index of a class, and the probabilities of all. */
class ClassScorer implements OutputScorer {
  readonly #name: string;
  readonly #scores: ClassScores;
  readonly #counts: Float64Array;

  constructor(name: string, { classes, counts }: TargetFacts) {
    this.#name = name;
    // An output that has learnt no classes yet answers nothing.
    this.#scores = new ClassScores(classes.length === 0 ? [""] : classes);
    this.#counts = counts;
  }

  add(targets: ArrayLike<number>, probabilities: ArrayLike<number>): void {
    this.#scores.add(targets, probabilities);
  }

  metrics = () => ({ ...this.#scores.metrics() });
  baseline = () => ({ ...this.#scores.baseline(this.#counts) });

  warnings(): string[] {
    const { unknown_class_rows: unknown = 0 } = this.#scores.metrics();
    if (unknown === 0) return [];
    const rows = unknown === 1 ? "1 row has a class" : `${unknown} rows have classes`;
    return [`${rows} of output '${this.#name}' that the network has not learnt, and count as wrong`];
  }

  get loss(): number {
    return this.#scores.metrics().log_loss ?? Infinity;
  }
}

/** Every value is a number. */
class NumberScorer implements OutputScorer {
  readonly #scores: NumberScores;

  constructor(mean: number | undefined) {
    this.#scores = new NumberScores(mean);
  }

  add(targets: ArrayLike<number>, answers: ArrayLike<number>): void {
    this.#scores.add(targets, answers);
  }

  metrics = () => ({ ...this.#scores.metrics() });
  baseline = () => ({ ...this.#scores.baseline() });
  warnings = () => [];

  get loss(): number {
    return lossOf(this.#scores);
  }
}

function lossOf(scores: NumberScores): number {
  const { rmse, r2 } = scores.metrics();
  return r2 === null ? (rmse ?? Infinity) : 1 - r2;
}

/** Every value is a class, false or true. */
class YesNoScorer implements OutputScorer {
  readonly #scores = new ClassScores(["false", "true"], { hasProbabilities: false });

  add(targets: ArrayLike<number>, answers: ArrayLike<number>): void {
    const truth = Uint8Array.from(targets, (value) => (value >= 0.5 ? 1 : 0));
    const sure = new Uint8Array(2 * truth.length);
    for (let at = 0; at < truth.length; at++) sure[2 * at + (answers[at]! >= 0.5 ? 1 : 0)] = 1;
    this.#scores.add(truth, sure);
  }

  metrics = () => ({ ...this.#scores.metrics() });
  baseline = () => ({ ...this.#scores.baseline() });
  warnings = () => [];

  get loss(): number {
    return 1 - (this.#scores.metrics().accuracy ?? -Infinity);
  }
}

/**
 * Rows that are one 1 among 0s are classes, named by their position from 0 on. As soon as one row is not, all of them
 * are numbers.
 */
class OneHotScorer implements OutputScorer {
  readonly #name: string;
  readonly #width: number;
  readonly #classes: ClassScores;
  readonly #numbers: NumberScores;
  #rows = 0;
  /** The first row, from 1 on, that is no class. */
  #oddRow = 0;

  constructor(name: string, { width, mean }: TargetFacts) {
    this.#name = name;
    this.#width = width;
    this.#classes = new ClassScores(Array.from({ length: width }, (_, position) => String(position)));
    this.#numbers = new NumberScores(mean);
  }

  add(targets: ArrayLike<number>, answers: ArrayLike<number>): void {
    this.#numbers.add(targets, answers);
    if (this.#oddRow > 0) return;
    const width = this.#width;
    const truth = new Float64Array(targets.length / width);
    for (let row = 0; row < truth.length; row++) {
      const position = onlyOne(targets, row * width, width);
      if (position === undefined) {
        this.#oddRow = this.#rows + row + 1;
        return;
      }
      truth[row] = position;
    }
    this.#rows += truth.length;
    this.#classes.add(truth, asShares(answers, width));
  }

  get loss(): number {
    return this.#oddRow > 0 ? lossOf(this.#numbers) : (this.#classes.metrics().log_loss ?? Infinity);
  }

  metrics = () => ({ ...(this.#oddRow > 0 ? this.#numbers : this.#classes).metrics() });
  baseline = () => ({ ...(this.#oddRow > 0 ? this.#numbers : this.#classes).baseline() });
  warnings = () =>
    this.#oddRow > 0
      ? [
          `The targets of output '${this.#name}' are no classes, because those of row ${this.#oddRow} are not one 1 ` +
            "among 0s: its scores are those of numbers, of all values together.",
        ]
      : [];
}

/** The position of the only 1 among 0s; undefined for other values. */
function onlyOne(values: ArrayLike<number>, start: number, width: number): number | undefined {
  let found: number | undefined;
  for (let position = 0; position < width; position++) {
    const value = values[start + position]!;
    if (value === 0) continue;
    if (value !== 1 || found !== undefined) return undefined;
    found = position;
  }
  return found;
}

/** Outputs from 0 to 1 as probabilities that sum to 1 in each row. */
function asShares(answers: ArrayLike<number>, width: number): Float32Array {
  const shares = new Float32Array(answers.length);
  for (let start = 0; start < shares.length; start += width) {
    let sum = 0;
    for (let at = start; at < start + width; at++) sum += answers[at]!;
    for (let at = start; at < start + width; at++) shares[at] = sum > 0 ? answers[at]! / sum : 1 / width;
  }
  return shares;
}
