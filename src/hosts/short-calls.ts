import type { RequestRun, Rows, TrainRun } from "../network/run.ts";

/** More values take too long even when they are nothing new. */
const VALUES_MAX = 8192;
/** A network that comes into its dock is copied, 2 to 5 GB/s. */
const BYTES_MAX = 2 ** 25;
const MS_MAX = 20;
/** A template of some hundred hexagons makes a network within milliseconds. */
const TEMPLATE_CHARS_MAX = 4096;

type Run = RequestRun & Partial<TrainRun>;

/** Is a network so small that to copy it takes a few milliseconds? */
export function isSmall(bytes: number): boolean {
  return bytes <= BYTES_MAX;
}

/** Is a network made of this template within a few milliseconds? */
export function isQuicklyMade(template: string): boolean {
  return template.length <= TEMPLATE_CHARS_MAX;
}

/**
 * Tells which runs of one cluster are over within some 20 ms: single cycles of a small network, that widen nothing, and
 * whose last one took no longer. What a first one takes nobody knows.
 */
export class ShortCycles {
  #inputValues = 0;
  #expectedValues = 0;
  #lastMs = Infinity;

  isShort(run: Run, networkBytes: number): boolean {
    const { inputs, expected } = valuesOf(run);
    const isKnown = inputs <= this.#inputValues && expected <= this.#expectedValues && this.#lastMs <= MS_MAX;
    return run.cycles === 1 && isKnown && inputs + expected <= VALUES_MAX && isSmall(networkBytes);
  }

  /** A run took so long. */
  note(run: Run, elapsedMs: number): void {
    if (run.cycles === 0) return;
    const { inputs, expected } = valuesOf(run);
    this.#inputValues = Math.max(this.#inputValues, inputs);
    this.#expectedValues = Math.max(this.#expectedValues, expected);
    this.#lastMs = elapsedMs;
  }
}

/** Of one cycle, which has a window of rows for each input. */
function valuesOf({ timeLength, inputs, expected = [] }: Run): { inputs: number; expected: number } {
  const sum = (rows: Rows[]) => rows.reduce((total, { width }) => total + width, 0);
  return { inputs: sum(inputs) * timeLength, expected: sum(expected) };
}
