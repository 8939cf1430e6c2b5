/** What a network is given to compute, in the words of the CPU network, the GPU network and the Host protocol alike. */

/**
 * Consecutive rows of one input or output, [row][width], as they lie in a dataset. Cycle c of a run reads rows
 * c … c + timeLength − 1 of an input, its window, and row c of an output. Windows overlap, so nothing is copied.
 */
export interface Rows {
  /** Index of the input or output in template order. */
  index: number;
  /** Values of a row. */
  width: number;
  values: Uint8Array | Float32Array;
}

/** The rows of a training. */
export interface RunRows {
  /** Rows of a window, 1 or more. */
  timeLength: number;
  /** Inputs that are not mentioned count as 0, and so do values beyond a row's width. */
  inputs: Rows[];
  /** Outputs that are not mentioned learn nothing. A cycle with NaN in any expected value teaches nothing. */
  expected: Rows[];
}

/** Forward only. */
export interface RequestRun extends Omit<RunRows, "expected"> {
  cycles: number;
}

export type UpdateRule = "batch" | "online";

/**
 * With which share of the base rate a step learns: always the same, 0..1; or 1 - t / horizon, where t counts the cycles
 * of a task, of which `firstCycle` come before the run; or "direct": without a horizon, the rate falls with all that the
 * network was ever trained with.
 */
export type Schedule = number | { firstCycle: number; horizon: number } | "direct";

/** How a run learns. */
export interface TrainRule {
  /** Cycles of a step; only the last step of a run may be shorter. */
  batchSize: number;
  /** "batch" wants 16 cycles or more in a step, "online" sums plainly; what suits the batch size unless said otherwise. */
  update?: UpdateRule;
  schedule: Schedule;
  /** Base rate in place of the update rule's own; > 0 and at most 10. */
  learningRate?: number;
}

export interface TrainRun extends RunRows, TrainRule {
  cycles: number;
  /**
   * The rows are those of a table that the network holds: `inputs` and `expected` are empty, and the window of cycle c
   * begins with row order[c]. `key` tells which table.
   */
  table?: { key: string; order: Uint32Array };
}

/** A part of the rows that a task reads, for a network that holds all of them. */
export interface TablePart extends RunRows {
  /** Of the task. */
  key: string;
  rowsTotal: number;
  /** First row of this part, a multiple of `TABLE_PART_UNIT`, and how many it has. */
  first: number;
  rows: number;
}

/** Parts of a table begin at multiples of so many rows: devices write at multiples of four bytes. */
export const TABLE_PART_UNIT = 4;

/** The rows of a run that takes those of a table. */
export function fromTable(key: string, order: Uint32Array) {
  return { cycles: order.length, timeLength: 1, inputs: [], expected: [], table: { key, order } };
}

/** Some of the cycles of a run. */
export interface Part {
  first: number;
  cycles: number;
}

/** A run that does not fit its network, or its device. */
export class RunError extends RangeError {
  override name = "RunError";
}

/** The network does not hold the table that a run asks for, or not the whole of it. Nothing has changed. */
export class TableError extends Error {
  override name = "TableError";
}

/** A part of a request as a request of its own. */
export function partOfRequest({ timeLength, inputs }: RequestRun, { first, cycles }: Part): RequestRun {
  return { cycles, timeLength, inputs: cut(inputs, first, cycles + timeLength - 1) };
}

/** A part of a training, which begins with a step, as a run of its own. */
export function partOfTraining(run: TrainRun, { first, cycles }: Part): TrainRun {
  const { schedule, table } = run;
  return {
    ...run,
    ...partOfRequest(run, { first, cycles }),
    expected: cut(run.expected, first, cycles),
    schedule: typeof schedule === "object" ? { ...schedule, firstCycle: schedule.firstCycle + first } : schedule,
    ...(table && { table: { ...table, order: table.order.subarray(first, first + cycles) } }),
  };
}

function cut(all: Rows[], first: number, count: number): Rows[] {
  return all.map((rows) => ({
    ...rows,
    values: rows.values.subarray(first * rows.width, (first + count) * rows.width),
  }));
}
