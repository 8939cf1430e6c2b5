import type { Context } from "../app-context.ts";
import { findCluster } from "../clusters/find-cluster.ts";
import type { TaskRow } from "../db/rows.ts";
import type { TargetRow } from "../db/schema/index.ts";
import { badRequest, notFound } from "../errors.ts";
import { bindingWarnings } from "./binding-warnings.ts";
import { insertTask } from "./insert-task.ts";
import { bindingMeasure, type BoundColumns, checkValues, checkWidths, cyclesOf, valuesOf } from "./measure-bindings.ts";
import { queuedTemplate } from "./queued-template.ts";
import { SCORED_OUTPUTS_MAX } from "./read-validation.ts";
import { checkPorts, plannedBinding, readTaskBindings } from "./read-bindings.ts";

export interface CreateEvaluateTaskInput {
  name: string;
  cluster_uuid: string;
  inputs: readonly unknown[];
  /** The targets with which the answers are compared. */
  outputs: readonly unknown[];
  time_length: number;
  target_row: TargetRow;
  /** Where the end of the task is posted. */
  notify_url?: string | undefined;
}

/** Queues a task that runs rows through the network and measures how far its answers are from the targets. */
export async function createEvaluateTask(context: Context, input: CreateEvaluateTaskInput): Promise<TaskRow> {
  const cluster = await findCluster(context, input.cluster_uuid);
  const inputs = readTaskBindings("inputs", input.inputs);
  const outputs = readTaskBindings("outputs", input.outputs);
  if (outputs.length > SCORED_OUTPUTS_MAX) throw badRequest(`'outputs' has more than ${SCORED_OUTPUTS_MAX} items`);
  const template = await queuedTemplate(context, cluster);
  checkPorts("input", template.inputs, inputs);
  checkPorts("output", template.outputs, outputs);

  const columns: { inputs: BoundColumns[]; outputs: BoundColumns[] } = { inputs: [], outputs: [] };
  const measure = bindingMeasure(context, unknownColumn);
  for (const binding of inputs) columns.inputs.push(await measure(binding, template.inputs, outputs));
  for (const binding of outputs) columns.outputs.push(await measure(binding, template.outputs));
  const { rows, cycles } = cyclesOf(columns, input.time_length);
  checkWidths(context, "input", columns.inputs, input.time_length);
  checkWidths(context, "output", columns.outputs, 1);
  checkValues({ inputs: valuesOf(columns.inputs) * input.time_length, expected: valuesOf(columns.outputs) }, 1);

  return insertTask(context, {
    clusterUuid: input.cluster_uuid,
    name: input.name,
    notifyUrl: input.notify_url,
    plan: {
      kind: "evaluate",
      inputs: inputs.map(plannedBinding),
      outputs: outputs.map(plannedBinding),
      rows,
      time_length: input.time_length,
      target_row: input.target_row,
    },
    cycles,
    warnings: bindingWarnings(template, { inputs, outputs }, [...columns.inputs, ...columns.outputs]),
  });
}

const unknownColumn = (name: string) => notFound(`Dataset doesn't contain column with name '${name}'`);
