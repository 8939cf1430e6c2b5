import type { DatasetReader } from "../datasets/file/reader.ts";
import type { TaskBinding } from "../db/schema/index.ts";
import type { ColumnMeaning } from "../encoders/cells.ts";
import type { NetworkEncoders } from "../encoders/network-encoders.ts";
import { SAMPLE_ROWS_MAX } from "../encoders/knots.ts";
import { fitColumn, type TableEncoder } from "../encoders/table-encoder.ts";
import { extendClasses, fitClass, fitNumber, type FittedTarget } from "../encoders/targets.ts";
import { cellsOfColumns } from "./encoded-group.ts";
import { fitOffsets } from "./fit-offsets.ts";
import type { FittedTask } from "./fitted-task.ts";
import { noColumn } from "./row-group.ts";
import { asTable, meaningsOf, namesOf, targetsIn } from "./table-columns.ts";
import type { TaskDatasets } from "./task-datasets.ts";
import { TaskError } from "./task-error.ts";

/** Rows of one column that are read at once. */
const READ_ROWS = 65_536;

/**
 * The encoders of a network for a training: those that it has, and fitted ones for inputs and outputs without, from the
 * rows that the task learns. Classes that the network does not know yet are added; plain inputs get offsets. The same
 * rows give the same encoders. Throws TaskError and EncoderError for columns that cannot be learnt.
 */
export async function fitEncoders(
  known: NetworkEncoders,
  task: FittedTask,
  datasets: TaskDatasets,
): Promise<NetworkEncoders> {
  const { plan, template, chosen } = task;
  const inputs = new Map(Object.entries(known.inputs));
  const outputs = new Map(Object.entries(known.outputs));
  for (const binding of plan.inputs) {
    const name = binding.hexagon_name;
    if (kindOf(template.inputs, name) !== "table" || inputs.has(name)) continue;
    const reader = await datasets.open(binding.dataset_uuid, plan.rows);
    const table = asTable(binding);
    const columns = namesOf(table, reader, targetsIn(table.dataset_uuid, plan.outputs));
    inputs.set(name, await fitTable(reader, columns, { plan, chosen }, table.dataset_uuid));
  }
  for (const binding of plan.outputs) {
    const name = binding.hexagon_name;
    const kind = kindOf(template.outputs, name);
    if (kind !== "class" && kind !== "number") continue;
    const old = outputs.get(name);
    if (old?.kind === "number") continue;
    const reader = await datasets.open(binding.dataset_uuid, plan.rows);
    outputs.set(name, await fitTarget(reader, binding, { plan, chosen }, old ?? kind));
  }
  const offsets = await fitOffsets(known, task, datasets);
  return {
    inputs: Object.fromEntries(inputs),
    outputs: Object.fromEntries(outputs),
    ...(offsets === undefined ? {} : { offsets }),
  };
}

type Part = Pick<FittedTask, "chosen" | "plan">;

const kindOf = <Kind>(ports: readonly { name: string; kind: Kind }[], name: string) =>
  ports.find((port) => port.name === name)?.kind;

async function fitTable(
  reader: DatasetReader,
  names: readonly string[],
  part: Part,
  uuid: string,
): Promise<TableEncoder> {
  const meanings = meaningsOf(reader, names);
  const columns: TableEncoder["columns"] = [];
  for (const name of names) {
    const meaning = meanings.get(name);
    if (meaning === undefined) throw reader.group(name) === undefined ? noColumn(uuid, name) : notSingle(name);
    columns.push(fitColumn({ ...meaning, values: await sample(reader, meaning, part) }));
  }
  const table = { columns };
  if (columns.length === 0) throw new TaskError("A table needs a column besides the targets");
  return table;
}

async function fitTarget(
  reader: DatasetReader,
  binding: TaskBinding,
  part: Part,
  wanted: FittedTarget | "class" | "number",
): Promise<FittedTarget> {
  if (!("dataset_column" in binding)) throw new TaskError("An output learns one column");
  const name = binding.dataset_column;
  const meaning = meaningsOf(reader, [name]).get(name);
  if (meaning === undefined) {
    throw reader.group(name) === undefined ? noColumn(binding.dataset_uuid, name) : notSingle(name);
  }
  if (wanted === "number") return fitNumber({ ...meaning, values: await sample(reader, meaning, part) });
  const cells = { ...meaning, values: await distinct(reader, meaning, part) };
  return typeof wanted === "object" && wanted.kind === "class" ? extendClasses(wanted, cells) : fitClass(cells);
}

const notSingle = (name: string) =>
  new TaskError(`'${name}' is a group of several columns; tables and targets consist of single columns`);

/** All cells of a column that the task learns from, part by part. */
async function* allCells(reader: DatasetReader, column: ColumnMeaning, part: Part): AsyncGenerator<Float32Array> {
  const { chosen } = part;
  let at = 0;
  for (let first = 0; first < part.plan.rows; first += READ_ROWS) {
    const count = Math.min(READ_ROWS, part.plan.rows - first);
    const [cells] = await cellsOfColumns(reader, [column], first, count);
    const values = cells as Float32Array;
    if (chosen === undefined) {
      yield values;
      continue;
    }
    let kept = 0;
    for (; at < chosen.length && chosen[at]! < first + count; at++) values[kept++] = values[chosen[at]! - first]!;
    yield values.subarray(0, kept);
  }
}

/** More classes than any network may have. */
const DISTINCT_MAX = 65_537;

/** The different cells of a column that the task learns from: every class counts, also one of a single row. */
async function distinct(reader: DatasetReader, column: ColumnMeaning, part: Part): Promise<Float32Array> {
  const found = new Set<number>();
  for await (const cells of allCells(reader, column, part)) {
    for (const value of cells) if (found.size < DISTINCT_MAX) found.add(value);
  }
  return Float32Array.from(found);
}

/** At most `SAMPLE_ROWS_MAX` cells of a column that the task learns from. */
async function sample(reader: DatasetReader, column: ColumnMeaning, part: Part): Promise<Float32Array> {
  const rows = part.chosen?.length ?? part.plan.rows;
  const step = Math.max(1, rows / SAMPLE_ROWS_MAX);
  const values = new Float32Array(Math.min(rows, SAMPLE_ROWS_MAX));
  let kept = 0;
  let seen = 0;
  let [least, largest] = [Infinity, -Infinity];
  for await (const cells of allCells(reader, column, part)) {
    for (; kept < values.length && Math.floor(kept * step) < seen + cells.length; kept++) {
      values[kept] = cells[Math.floor(kept * step) - seen]!;
    }
    for (const cell of cells) {
      if (cell < least) least = cell;
      if (cell > largest) largest = cell;
    }
    seen += cells.length;
  }
  // The ends of the range count, also when they are rare.
  if (step > 1 && least <= largest && column.kind !== "category") values.set([least, largest]);
  return values;
}
