import type { Context } from "../app-context.ts";
import type { DatasetReader } from "../datasets/file/reader.ts";
import { openDataset } from "../datasets/open-dataset.ts";
import type { TaskBinding } from "../db/schema/index.ts";
import { badRequest, type HanamiError } from "../errors.ts";
import { widthExcess } from "../limits/width-excess.ts";
import { NEURONS_PER_VALUE } from "../network/output-values.ts";
import type { OutputKind } from "../network/template/parse-template.ts";
import { checkUuid } from "./read-bindings.ts";

/** A group of columns that a task will read. */
export interface BoundColumns {
  /** Of the group. */
  name: string;
  rows: number;
  width: number;
}

/**
 * Looks at the datasets of bindings; at each of them once, however many of its columns a task reads. What it returns
 * throws 404 when dataset or columns do not exist for the caller, 400 when there are no rows.
 */
export function bindingMeasure(
  context: Context,
  unknownColumn: (name: string) => HanamiError,
): (binding: TaskBinding) => Promise<BoundColumns> {
  const closed = new Map<string, DatasetReader>();
  return async ({ dataset_uuid, dataset_column }) => {
    checkUuid("dataset_uuid", dataset_uuid);
    let reader = closed.get(dataset_uuid);
    if (reader === undefined) {
      ({ reader } = await openDataset(context, dataset_uuid));
      await reader.close();
      closed.set(dataset_uuid, reader);
    }
    const group = reader.group(dataset_column);
    if (group === undefined) throw unknownColumn(dataset_column);
    if (reader.rowCount === 0) throw badRequest(`Data-set with uuid '${dataset_uuid}' has no rows`);
    return { name: dataset_column, rows: reader.rowCount, width: group.column_end - group.column_start };
  };
}

/** Values that the inputs, and the output neurons, of one training step may have: 512 MiB of them. */
const STEP_VALUES_MAX = 128 * 1024 * 1024;

/** Cycles of one pass over the shortest dataset. Throws 400 when a window is longer than that, or a step too large. */
export function cyclesOf(
  columns: { inputs: readonly BoundColumns[]; outputs: readonly BoundColumns[] },
  timeLength: number,
): { rows: number; cycles: number } {
  const rows = Math.min(...[...columns.inputs, ...columns.outputs].map((each) => each.rows));
  if (timeLength > rows) throw badRequest(`'time_length' is ${timeLength}, but there are only ${rows} rows`);
  return { rows, cycles: rows - timeLength + 1 };
}

/** Throws 400 with the columns when they, in windows of `timeLength` rows, are too wide for an input or output. */
export function checkWidths(
  { app }: Context,
  what: "input" | "output",
  columns: readonly BoundColumns[],
  timeLength: number,
): void {
  const wide = columns.flatMap(({ name, width }) => {
    const excess = widthExcess(app.config.limits, what, width * timeLength);
    return excess === undefined ? [] : [`'${name}' ${excess}`];
  });
  if (wide.length === 0) return;
  const rows = timeLength === 1 ? "" : ` (in ${timeLength} rows)`;
  throw badRequest(`Too many columns${rows}: ${wide.join("; ")}`);
}

/** Throws 400 when the windows of `samples` samples would not fit into memory. */
export function checkStep(inputs: readonly BoundColumns[], timeLength: number, samples: number): void {
  checkValues("input", inputs.reduce((sum, { width }) => sum + width, 0) * timeLength * samples);
}

/** The same for what the outputs should show: each value is as many numbers as it has neurons. */
export function checkExpected(outputs: readonly BoundColumns[], kinds: readonly OutputKind[], samples: number): void {
  const neurons = outputs.reduce((sum, { width }, index) => sum + width * NEURONS_PER_VALUE[kinds[index]!], 0);
  checkValues("expected", neurons * samples);
}

function checkValues(what: string, values: number): void {
  if (values <= STEP_VALUES_MAX) return;
  throw badRequest(`One step would have ${values} ${what} values, but at most ${STEP_VALUES_MAX} are possible`);
}
