import type { Context } from "../app-context.ts";
import type { DatasetReader } from "../datasets/file/reader.ts";
import { openDataset } from "../datasets/open-dataset.ts";
import type { TaskBinding } from "../db/schema/index.ts";
import { badRequest, type HanamiError } from "../errors.ts";
import { widthExcess } from "../limits/width-excess.ts";
import type { ColumnMeaning } from "../encoders/cells.ts";
import { NEURONS_PER_VALUE } from "../network/output-values.ts";
import { isEncoded, type InputKind, type OutputKind } from "../network/template/parse-template.ts";
import { checkUuid } from "./read-bindings.ts";
import { asTable, meaningsOf, namesOf, targetsIn } from "./table-columns.ts";

/** A column group that a task will read. */
export interface BoundColumns {
  /** Name of the column group. */
  name: string;
  rows: number;
  /** Values per row; of a table the most that its encoder may make of one. */
  width: number;
  /** Positions of the input or output, which all get the values. */
  positions: number;
  dataset: { uuid: string; name: string };
}

/** An input or output of a template, by its positions. */
type Ports = readonly { name: string; kind: InputKind | OutputKind }[];

/**
 * Returns a function that measures a binding's columns; each dataset is opened only once. That function throws 404 when
 * the caller cannot see the dataset or it lacks the columns, 400 when it has no rows.
 */
export function bindingMeasure(
  context: Context,
  unknownColumn: (name: string) => HanamiError,
): (binding: TaskBinding, ports: Ports, outputs?: readonly TaskBinding[]) => Promise<BoundColumns> {
  const closed = new Map<string, DatasetReader>();
  return async (binding, ports, outputs = []) => {
    const { dataset_uuid, hexagon_name: port } = binding;
    checkUuid("dataset_uuid", dataset_uuid);
    let reader = closed.get(dataset_uuid);
    if (reader === undefined) {
      ({ reader } = await openDataset(context, dataset_uuid));
      await reader.close();
      closed.set(dataset_uuid, reader);
    }
    const table = asTable(binding);
    const names = namesOf(table, reader, targetsIn(dataset_uuid, outputs));
    for (const name of names) if (reader.group(name) === undefined) throw unknownColumn(name);
    if (reader.rowCount === 0) throw badRequest(`Data-set with uuid '${dataset_uuid}' has no rows`);
    const own = ports.filter(({ name }) => name === port);
    const kind = own[0]!.kind;
    const dataset = { uuid: dataset_uuid, name: reader.name };
    const bound = { name: names[0] ?? port, rows: reader.rowCount, positions: own.length, dataset };
    if (!isEncoded(kind)) {
      if (!("dataset_column" in binding)) throw badRequest(`'${port}' is no table and takes one 'dataset_column'`);
      const group = reader.group(binding.dataset_column)!;
      return { ...bound, width: group.column_end - group.column_start };
    }
    if (names.length === 0) throw badRequest(`The table of '${port}' has no columns`);
    const meanings = meaningsOf(reader, names);
    const wide = names.find((name) => !meanings.has(name));
    if (wide !== undefined) throw badRequest(`'${wide}' is a group of several columns; '${port}' takes single columns`);
    return { ...bound, width: [...meanings.values()].reduce((sum, meaning) => sum + valuesMax(kind, meaning), 0) };
  };
}

/**
 * Values that an encoder makes of one cell, at most: the ramps of a number in both directions, and a mark of missing.
 */
const NUMBER_VALUES_MAX = 11;
/** Its position in time, and parts such as the month. */
const TIME_VALUES_MAX = 64;
const CATEGORY_VALUES_MAX = 51;

function valuesMax(kind: InputKind | OutputKind, { kind: cells, categories }: ColumnMeaning): number {
  if (kind === "class") return Math.max(1, categories.length);
  if (cells === "category") return Math.min(CATEGORY_VALUES_MAX, categories.length + 1);
  return cells === "time" ? TIME_VALUES_MAX : NUMBER_VALUES_MAX;
}

/** Limit on the input values, and on the expected values of output neurons, of one training step: 512 MiB each. */
const STEP_VALUES_MAX = 128 * 1024 * 1024;

/** Rows and cycles of one pass over the shortest dataset. Throws 400 when a window is longer than that. */
export function cyclesOf(
  columns: { inputs: readonly BoundColumns[]; outputs: readonly BoundColumns[] },
  timeLength: number,
): { rows: number; cycles: number } {
  const rows = Math.min(...[...columns.inputs, ...columns.outputs].map((each) => each.rows));
  if (timeLength > rows) throw badRequest(`'time_length' is ${timeLength}, but there are only ${rows} rows`);
  return { rows, cycles: rows - timeLength + 1 };
}

/** Throws 400, naming the columns, when windows of `timeLength` rows exceed the width of an input or output. */
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

/** Size of one sample of a training step. */
export interface SampleSize {
  /** Values of all inputs in one window. */
  inputs: number;
  /** Number of output neurons with an expected value. */
  expected: number;
  hexagons: number;
}

/**
 * A step blocks its host for all others. Each of these limits takes one core one to five seconds: 128 samples in 1024
 * hexagons, 16 of the widest input if all its values are positive, 32 of the widest output.
 */
const STEP_MAX: SampleSize = { hexagons: 128 * 1024, inputs: 16 * 1024 * 1024, expected: 8 * 1024 * 1024 };
/** Memory that a step takes at most for each input value, approximately, and in total: that of wasm. */
const STEP_BYTES_PER_INPUT = 40;
const STEP_BYTES_MAX = 2 ** 32;
/** Part of the memory for networks, and as much again, that a step of more input values may take. */
const STEP_MEMORY_SHARE = 1 / 2;

/** Size of one sample of a training task. */
export function sampleSize(
  columns: { inputs: readonly BoundColumns[]; outputs: readonly BoundColumns[] },
  timeLength: number,
  template: { hexagons: readonly unknown[]; outputKinds: readonly OutputKind[] },
): SampleSize {
  return {
    inputs: valuesOf(columns.inputs) * timeLength,
    expected: columns.outputs.reduce(
      (sum, { width, positions }, index) => sum + width * positions * NEURONS_PER_VALUE[template.outputKinds[index]!],
      0,
    ),
    hexagons: template.hexagons.length,
  };
}

export const valuesOf = (columns: readonly BoundColumns[]) =>
  columns.reduce((sum, { width, positions }) => sum + width * positions, 0);

/** Throws 400 when the input or expected values of `samples` samples would not fit into memory. */
export function checkValues(sample: Pick<SampleSize, "inputs" | "expected">, samples: number): void {
  for (const what of ["inputs", "expected"] as const) {
    const values = sample[what] * samples;
    if (values <= STEP_VALUES_MAX) continue;
    const kind = what === "inputs" ? "input" : "expected";
    throw badRequest(`One step would have ${values} ${kind} values, but at most ${STEP_VALUES_MAX} are possible`);
  }
}

/** Whether a step has more input values than the server would choose. */
export const isWideStep = (inputs: number) => inputs > STEP_MAX.inputs;

/**
 * Input values of a step for which a host of this memory has room, whatever they are. Most steps need far less memory
 * and time, because few of their values are positive, so a client may ask for such a step.
 */
export function wideStepInputs(memoryBytes: number): number {
  const bytes = memoryBytes * STEP_MEMORY_SHARE;
  const inputs = bytes >= STEP_BYTES_MAX ? STEP_VALUES_MAX : bytes / STEP_BYTES_PER_INPUT;
  return Math.max(STEP_MAX.inputs, inputs);
}

/** Maximum number of such samples in one step, at least 1. */
export function samplesMax(sample: SampleSize, inputs = STEP_MAX.inputs): number {
  const step: SampleSize = { ...STEP_MAX, inputs };
  const limits = (["hexagons", "inputs", "expected"] as const).map((what) => step[what] / Math.max(1, sample[what]));
  return Math.max(1, Math.floor(Math.min(...limits)));
}
