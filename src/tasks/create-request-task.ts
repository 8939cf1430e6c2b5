import type { Context } from "../app-context.ts";
import { findCluster } from "../clusters/find-cluster.ts";
import { openDataset } from "../datasets/open-dataset.ts";
import { badRequest, notFound } from "../errors.ts";
import { bindingWarnings } from "./binding-warnings.ts";
import { insertTask } from "./insert-task.ts";
import { bindingMeasure, type BoundColumns, checkValues, checkWidths, cyclesOf, valuesOf } from "./measure-bindings.ts";
import { queuedTemplate } from "./queued-template.ts";
import {
  checkPorts,
  checkUuid,
  plannedBinding,
  readBindings,
  readColumnNames,
  readTaskBindings,
} from "./read-bindings.ts";
import type { TaskRow } from "../db/rows.ts";

export interface CreateRequestTaskInput {
  name: string;
  cluster_uuid: string;
  inputs: readonly unknown[];
  /** Which outputs to keep; each becomes a column group of the result dataset. */
  results: readonly unknown[];
  time_length: number;
  /** Columns of the first input's dataset that the result keeps. */
  keep_columns?: readonly unknown[] | undefined;
  /** Where the end of the task is posted. */
  notify_url?: string | undefined;
}

/**
 * Queues a task that runs rows through the network and writes the answers to a new dataset with the task's uuid and
 * name.
 */
export async function createRequestTask(context: Context, input: CreateRequestTaskInput): Promise<TaskRow> {
  const cluster = await findCluster(context, input.cluster_uuid);
  const inputs = readTaskBindings("inputs", input.inputs);
  const results = readBindings("results", input.results, ["hexagon_name", "dataset_column"]);
  const template = await queuedTemplate(context, cluster);
  checkPorts("input", template.inputs, inputs);
  checkPorts("output", template.outputs, results);
  const names = new Set<string>();
  for (const { dataset_column: name } of results) {
    if (names.has(name)) throw badRequest(`The column with name '${name}' is used twice`);
    names.add(name);
  }

  const keep = readColumnNames("keep_columns", input.keep_columns ?? []);
  for (const name of keep) {
    if (names.has(name)) throw badRequest(`The column with name '${name}' is used twice`);
  }
  if (keep.length > 0) await checkKept(context, keep, inputs[0]!.dataset_uuid);
  const columns: BoundColumns[] = [];
  const measure = bindingMeasure(context, unknownColumn);
  for (const binding of inputs) columns.push(await measure(binding, template.inputs));
  const { rows, cycles } = cyclesOf({ inputs: columns, outputs: [] }, input.time_length);
  checkWidths(context, "input", columns, input.time_length);
  checkValues({ inputs: valuesOf(columns) * input.time_length, expected: 0 }, 1);

  return insertTask(context, {
    clusterUuid: input.cluster_uuid,
    name: input.name,
    notifyUrl: input.notify_url,
    plan: {
      kind: "request",
      inputs: inputs.map(plannedBinding),
      results,
      keep_columns: keep,
      rows,
      time_length: input.time_length,
    },
    cycles,
    warnings: bindingWarnings(template, { inputs, outputs: results }, columns),
  });
}

/** Throws 404 or 400 unless the dataset has these columns, each a single one. */
async function checkKept(context: Context, names: readonly string[], uuid: string): Promise<void> {
  checkUuid("dataset_uuid", uuid);
  const { reader } = await openDataset(context, uuid);
  await reader.close();
  for (const name of names) {
    const group = reader.group(name);
    if (group === undefined) throw unknownColumn(name);
    if (group.column_end - group.column_start !== 1) {
      throw badRequest(`'${name}' is a group of several columns; 'keep_columns' takes single columns`);
    }
  }
}

const unknownColumn = (name: string) => notFound(`Dataset doesn't contain column with name '${name}'`);
