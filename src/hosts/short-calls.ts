import type { RequestRun, Rows, TrainRun } from "../network/run.ts";

/** A cycle with more values takes too long, even if it widens nothing. */
const VALUES_MAX = 8192;
/** A network is copied into its dock, at 2 to 5 GB/s. */
const BYTES_MAX = 2 ** 25;
const MS_MAX = 20;
/** The network of a template with some hundred hexagons is created within milliseconds. */
const TEMPLATE_CHARS_MAX = 4096;

type Run = RequestRun & Partial<TrainRun>;

/** Whether a network is small enough to be copied within a few milliseconds. */
export function isSmall(bytes: number): boolean {
  return bytes <= BYTES_MAX;
}

/** Whether the network of this template is created within a few milliseconds. */
export function isQuicklyMade(template: string): boolean {
  return template.length <= TEMPLATE_CHARS_MAX;
}

/**
 * Predicts which runs of one cluster take at most about 20 ms: single cycles of a small network that widen nothing, if
 * the previous run took no longer. The duration of a first run is unknown, so it is never short.
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

  /** Records the duration of a run. */
  note(run: Run, elapsedMs: number): void {
    if (run.cycles === 0) return;
    const { inputs, expected } = valuesOf(run);
    this.#inputValues = Math.max(this.#inputValues, inputs);
    this.#expectedValues = Math.max(this.#expectedValues, expected);
    this.#lastMs = elapsedMs;
  }
}

/** Values of one cycle, which has a window of rows for each input. */
function valuesOf({ timeLength, inputs, expected = [] }: Run): { inputs: number; expected: number } {
  const sum = (rows: Rows[]) => rows.reduce((total, { width }) => total + width, 0);
  return { inputs: sum(inputs) * timeLength, expected: sum(expected) };
}
