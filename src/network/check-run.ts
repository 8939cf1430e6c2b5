import { checkRule } from "./rate.ts";
import { RunError, type RequestRun, type Rows, type RunRows, type TablePart, type TrainRun } from "./run.ts";
import type { Template } from "./template/parse-template.ts";

/** Throws RunError if a request does not fit networks of this template. */
export function checkRequest({ cycles, timeLength, inputs }: RequestRun, template: Template): void {
  checkCount(cycles, "cycles");
  checkRows({ timeLength, inputs, expected: [] }, cycles, template);
}

/** Throws RunError if a training run does not fit networks of this template. */
export function checkTraining(run: TrainRun, template: Template): void {
  const { cycles, table } = run;
  checkCount(cycles, "cycles");
  if (table !== undefined && table.order.length !== cycles)
    throw new RunError(`${table.order.length} rows were chosen for ${cycles} cycles`);
  if (run.schedule === "stream" && (run.timeLength !== 1 || table !== undefined))
    throw new RunError("a stream consists of single rows");
  checkRule(run, cycles);
  checkRows(run, cycles, template);
}

/** Throws RunError if a part of a table does not fit networks of this template. */
export function checkTablePart({ rows, inputs, expected }: TablePart, template: Template): void {
  checkRows({ timeLength: 1, inputs, expected }, rows, template);
}

function checkRows({ timeLength, inputs, expected }: RunRows, cycles: number, template: Template): void {
  if (!Number.isSafeInteger(timeLength) || timeLength < 1)
    throw new RunError(`time length ${timeLength} is not a count`);
  const rows = cycles === 0 ? 0 : cycles + timeLength - 1;
  for (const each of inputs) checkEach("input", each, rows, template.inputs);
  for (const each of expected) checkEach("output", each, cycles, template.outputs);
}

function checkEach(what: "input" | "output", { index, width, values }: Rows, rows: number, known: unknown[]): void {
  checkIndex(what, index, known);
  checkCount(width, "width");
  const needed = rows * width;
  if (values.length < needed)
    throw new RunError(`${what} ${index} has ${values.length} values where ${needed} are needed`);
}

/** Throws RunError if there is no input or output with this index. */
export function checkIndex(what: "input" | "output", index: number, known: readonly unknown[]): void {
  if (known[index] === undefined) throw new RunError(`there is no ${what} ${index}`);
}

/** Throws RunError unless the value is a whole number >= 0. */
export function checkCount(value: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RunError(`${what} ${value} is not a count`);
}
