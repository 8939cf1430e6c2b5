import { HostError } from "./host-errors.ts";
import type { RequestSlice, SliceColumns } from "./host.ts";

/** Values of one input or output for the samples of a step, `[samples × width]`. */
export interface StepColumns {
  index: number;
  values: Float32Array;
  width: number;
}

/** One step of a slice: which of its cycles, and their values. */
export interface Step {
  firstCycle: number;
  count: number;
  inputs: StepColumns[];
  expected: StepColumns[];
}

/**
 * Cuts a slice into steps of at most `stepCycles` cycles and turns its rows into samples: the window of a cycle is
 * `timeLength` rows in a row, oldest first, and expects what stands in the oldest of them.
 * The values of a step are valid until the next one is taken. Throws HostError when rows are missing.
 */
export function* sliceSteps(
  slice: RequestSlice & { expected?: SliceColumns[] },
  stepCycles: number,
): Generator<Step, void, undefined> {
  const { cycles, timeLength } = slice;
  const inputs = slice.inputs.map((columns) => new Window(columns, { cycles, timeLength, stepCycles }));
  const expected = (slice.expected ?? []).map((columns) => new Window(columns, { cycles, timeLength: 1, stepCycles }));
  for (let firstCycle = 0; firstCycle < cycles; firstCycle += stepCycles) {
    const count = Math.min(stepCycles, cycles - firstCycle);
    yield {
      firstCycle,
      count,
      inputs: inputs.map((window) => window.read(firstCycle, count)),
      expected: expected.map((window) => window.read(firstCycle, count)),
    };
  }
}

class Window {
  readonly #columns: SliceColumns;
  readonly #timeLength: number;
  /** Samples of one step; null where the rows are samples already. */
  readonly #scratch: Float32Array | null;

  constructor(columns: SliceColumns, shape: { cycles: number; timeLength: number; stepCycles: number }) {
    const { rows, width } = columns;
    const { cycles, timeLength, stepCycles } = shape;
    const needed = (cycles + timeLength - 1) * width;
    if (rows.length < needed) throw new HostError("input", `${rows.length} values where ${needed} are needed`);
    this.#columns = columns;
    this.#timeLength = timeLength;
    const direct = rows instanceof Float32Array && timeLength === 1;
    this.#scratch = direct ? null : new Float32Array(Math.min(stepCycles, cycles) * timeLength * width);
  }

  read(firstCycle: number, count: number): StepColumns {
    const { index, rows, width } = this.#columns;
    const sample = width * this.#timeLength;
    if (this.#scratch === null) {
      const values = (rows as Float32Array).subarray(firstCycle * width, (firstCycle + count) * width);
      return { index, values, width: sample };
    }
    for (let cycle = 0; cycle < count; cycle++) {
      const from = (firstCycle + cycle) * width;
      this.#scratch.set(rows.subarray(from, from + sample), cycle * sample);
    }
    return { index, values: this.#scratch.subarray(0, count * sample), width: sample };
  }
}
