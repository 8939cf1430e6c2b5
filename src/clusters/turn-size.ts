import { SLICE_MS } from "../hosts/fair-share.ts";
import type { RequestReport } from "../hosts/host.ts";

/** Values of all inputs and outputs in one turn. */
const VALUES_MAX = 1_048_576;
/** Growth from one turn to the next, because the first row of a network may take far longer than the others. */
const GROWTH_MAX = 4;

/** Chooses how many rows a network answers in one turn, so that each turn takes bounded time and memory. */
export class TurnSize {
  readonly #inputValues: number;
  /** Values of a row. How wide the answers are is known after the first turn, which has one row. */
  #values: number;
  #rows = 1;

  constructor(inputValues: number) {
    this.#inputValues = inputValues;
    this.#values = inputValues;
  }

  /** Rows of the next turn, of those that are left. */
  next(left: number): number {
    const most = Math.floor(VALUES_MAX / Math.max(1, this.#values));
    return Math.max(1, Math.min(left, this.#rows, most));
  }

  /** Adapts to what a turn of some rows took. */
  observe(rows: number, { outputs, elapsedMs }: Pick<RequestReport, "outputs" | "elapsedMs">): void {
    this.#values = outputs.reduce((sum, { width }) => sum + width, this.#inputValues);
    const wanted = (rows / Math.max(elapsedMs, 0.01)) * SLICE_MS;
    this.#rows = Math.floor(Math.min(wanted, rows * GROWTH_MAX));
  }
}
