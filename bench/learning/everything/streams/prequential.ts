import { percentRight } from "../../../harness/digits.ts";
import { slice, type Table } from "../../tables.ts";

/** Learns rows that come one after the other. Rows have values of their classes in `y`, 1 for the right one. */
export interface Learner {
  /** Rows that are answered before they are learnt together. */
  step: number;
  /** Values of the classes, [rows][outputs]: the largest counts. */
  answer(rows: Table): ArrayLike<number>;
  learn(rows: Table): void;
}

/** Percent of right answers in one pass over a stream in which each row is answered before it is learnt. */
export function prequential(stream: Table, learner: Learner): number {
  const shown = new Float32Array(stream.rows * stream.outputs);
  for (let first = 0; first < stream.rows; first += learner.step) {
    const rows = slice(stream, first, Math.min(learner.step, stream.rows - first));
    shown.set(learner.answer(rows), first * stream.outputs);
    learner.learn(rows);
  }
  return percentRight(shown, stream.y, stream.outputs);
}
