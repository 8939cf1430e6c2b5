/** The runs that a network computes, as shared by the CPU network, the GPU network and the Host protocol. */

/**
 * Consecutive rows of one input or output, [row][width], as stored in a dataset. Cycle c of a run reads rows
 * c … c + timeLength − 1 of an input, its window, and row c of an output. Windows overlap, which avoids copies.
 */
export interface Rows {
  /** Index of the input or output in template order. */
  index: number;
  /** Values per row. */
  width: number;
  values: Uint8Array | Float32Array;
}

/** The rows of a training run. */
export interface RunRows {
  /** Rows per window, >= 1. */
  timeLength: number;
  /** Missing inputs, and values beyond a row's width, are 0. */
  inputs: Rows[];
  /** Missing outputs learn nothing. Nothing is learned from a cycle with NaN among its expected values. */
  expected: Rows[];
}

/** Computes outputs without training. */
export interface RequestRun extends Omit<RunRows, "expected"> {
  cycles: number;
  /** Set for an answer of a single row: it counts samples of a stream that wait when it needs them, see `Stream`. */
  isSingle?: boolean;
}

export type UpdateRule = "batch" | "online";

/**
 * The share of the base rate that a step learns with: a constant in 0..1; or 1 - t / horizon, where t counts the cycles
 * of the task and the run starts at `firstCycle`; or "direct": without a horizon, the share falls with the number of
 * samples that the network was ever trained with; or "stream", see `Stream`, which chooses steps and rates itself.
 */
export type Schedule = number | { firstCycle: number; horizon: number } | "direct" | "stream";

/** How a run learns. */
export interface TrainRule {
  /** Cycles per step; only the last step of a run may be shorter. */
  batchSize: number;
  /** "batch" needs 16 or more cycles per step, "online" sums plainly. Default: the rule that suits the batch size. */
  update?: UpdateRule;
  schedule: Schedule;
  /** Base learning rate, > 0 and at most 10. Default: that of the update rule. */
  learningRate?: number;
  /** Weight decay of the batch rule, 0 to 1; `WEIGHT_DECAY` by default. */
  weightDecay?: number;
}

export interface TrainRun extends RunRows, TrainRule {
  cycles: number;
  /**
   * Takes the rows from the table `key`, which the network holds: `inputs` and `expected` are empty, and the window of
   * cycle c begins with row order[c].
   */
  table?: { key: string; order: Uint32Array };
}

/** A part of a task's table, sent to a network that holds the whole table. */
export interface TablePart extends RunRows {
  /** The task's key. */
  key: string;
  rowsTotal: number;
  /** First row of this part, a multiple of `TABLE_PART_UNIT`, and its number of rows. */
  first: number;
  rows: number;
}

/** Parts of a table begin at multiples of this many rows, because devices write at multiples of four bytes. */
export const TABLE_PART_UNIT = 4;

/** The rows of a run that reads them from a table. */
export function fromTable(key: string, order: Uint32Array) {
  return { cycles: order.length, timeLength: 1, inputs: [], expected: [], table: { key, order } };
}

/** A range of the cycles of a run. */
export interface Part {
  first: number;
  cycles: number;
}

/** A run does not fit its network or its device. */
export class RunError extends RangeError {
  override name = "RunError";
}

/** The network does not hold the complete table that a run reads. Nothing has changed. */
export class TableError extends Error {
  override name = "TableError";
}

/** A part of a request, as a request. */
export function partOfRequest({ timeLength, inputs }: RequestRun, { first, cycles }: Part): RequestRun {
  return { cycles, timeLength, inputs: cut(inputs, first, cycles + timeLength - 1) };
}

/** A part of a training run, as a run. It must begin where a step begins. */
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
