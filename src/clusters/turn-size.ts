import { SLICE_MS } from "../hosts/fair-share.ts";
import type { RequestReport } from "../hosts/host.ts";

/** Values of all inputs in one turn. */
const INPUT_VALUES_MAX = 1_048_576;
/** Values of all outputs in one turn: to write them as texts takes some 20 ms. */
const OUTPUT_VALUES_MAX = 16_384;
/** Growth from one turn to the next, because the first row of a network may take far longer than the others. */
const GROWTH_MAX = 4;

/** Chooses how many rows a network answers in one turn, so that each turn takes bounded time and memory. */
export class TurnSize {
  readonly #inputValues: number;
  /** Values of a row in all outputs: known after the first turn, which has one row. */
  #outputValues = 0;
  #rows = 1;

  constructor(inputValues: number) {
    this.#inputValues = inputValues;
  }

  /** Rows of the next turn, of those that are left. */
  next(left: number): number {
    const most = Math.min(
      INPUT_VALUES_MAX / Math.max(1, this.#inputValues),
      OUTPUT_VALUES_MAX / Math.max(1, this.#outputValues),
    );
    return Math.max(1, Math.min(left, this.#rows, Math.floor(most)));
  }

  /** Adapts to what a turn of some rows took. */
  observe(rows: number, { outputs, elapsedMs }: Pick<RequestReport, "outputs" | "elapsedMs">): void {
    this.#outputValues = outputs.reduce((sum, { width }) => sum + width, 0);
    const wanted = (rows / Math.max(elapsedMs, 0.01)) * SLICE_MS;
    this.#rows = Math.floor(Math.min(wanted, rows * GROWTH_MAX));
  }
}
