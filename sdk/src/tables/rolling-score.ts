/** Scores of the rows so far; null where there are none. Of classes `accuracy`, of numbers the others. */
export interface StreamScores {
  rows: number;
  accuracy?: number | null;
  mae?: number | null;
  rmse?: number | null;
}

/** The latest rows, as many as a window has, and all of them. */
export interface RollingScores {
  recent: StreamScores;
  all: StreamScores;
}

/** Compares predictions with targets, row after row. */
export class RollingScore {
  readonly #kind: "class" | "number";
  readonly #window: number;
  /** Of classes 1 for a right answer; of numbers the error. In a ring, for the window. */
  readonly #ring: number[] = [];
  #rows = 0;
  #sum = 0;
  #squares = 0;

  constructor(kind: "class" | "number", window: number) {
    this.#kind = kind;
    this.#window = window;
  }

  /** A row without a target or a prediction does not count. */
  add(predicted: unknown, target: unknown): void {
    const value = this.#kind === "class" ? isSame(predicted, target) : errorOf(predicted, target);
    if (value === undefined) return;
    this.#ring[this.#rows % this.#window] = value;
    this.#rows += 1;
    this.#sum += Math.abs(value);
    this.#squares += value * value;
  }

  get scores(): RollingScores {
    const recent = this.#ring.reduce((sum, value) => sum + Math.abs(value), 0);
    const squares = this.#ring.reduce((sum, value) => sum + value * value, 0);
    return {
      recent: this.#scores(this.#ring.length, recent, squares),
      all: this.#scores(this.#rows, this.#sum, this.#squares),
    };
  }

  #scores(rows: number, sum: number, squares: number): StreamScores {
    const mean = rows === 0 ? null : sum / rows;
    if (this.#kind === "class") return { rows, accuracy: mean };
    return { rows, mae: mean, rmse: rows === 0 ? null : Math.sqrt(squares / rows) };
  }
}

/** The number that a cell spells; NaN for other cells. */
const numberOf = (cell: unknown) =>
  typeof cell === "number" ? cell : typeof cell === "string" && cell.trim() !== "" ? Number(cell) : NaN;

const isCell = (cell: unknown) => typeof cell === "string" || typeof cell === "number" || typeof cell === "boolean";

/** 1 for the same class, also if a number is written in another way. */
function isSame(predicted: unknown, target: unknown): number | undefined {
  if (!isCell(predicted) || !isCell(target) || target === "") return undefined;
  if (String(predicted) === String(target).trim()) return 1;
  return Math.fround(numberOf(predicted)) === Math.fround(numberOf(target)) ? 1 : 0;
}

function errorOf(predicted: unknown, target: unknown): number | undefined {
  const error = numberOf(predicted) - numberOf(target);
  return Number.isFinite(error) ? error : undefined;
}
