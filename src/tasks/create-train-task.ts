import type { Context } from "../app-context.ts";
import { findCluster } from "../clusters/find-cluster.ts";
import type { TargetRow } from "../db/schema/index.ts";
import { badRequest, notFound } from "../errors.ts";
import { defaultBatchSize } from "../network/batch-size.ts";
import { autoEpochs } from "../encoders/default-template.ts";
import { bindingWarnings } from "./binding-warnings.ts";
import { insertTask } from "./insert-task.ts";
import {
  bindingMeasure,
  checkValues,
  checkWidths,
  cyclesOf,
  sampleSize,
  samplesMax,
  wideStepInputs,
  type BoundColumns,
} from "./measure-bindings.ts";
import { queuedTemplate } from "./queued-template.ts";
import { checkPorts, plannedBinding, readTaskBindings } from "./read-bindings.ts";
import { readValidation } from "./read-validation.ts";
import { heldOutOf } from "./row-choice.ts";
import type { TaskRow } from "../db/rows.ts";

export interface CreateTrainTaskInput {
  name: string;
  cluster_uuid: string;
  inputs: readonly unknown[];
  outputs: readonly unknown[];
  /** Rows per cycle. */
  time_length: number;
  /** Number of passes over the rows; `auto`: chosen by the number of rows. */
  epochs: number | "auto";
  /** Samples per step; derived from the number of cycles when omitted. */
  batch_size?: number | undefined;
  /** Base learning rate; the learning rule's own when omitted. */
  learning_rate?: number | undefined;
  /** New seed of a network that has not been trained yet. */
  seed?: number | undefined;
  /** The row of a window whose target is learnt; the first one when omitted. */
  target_row?: TargetRow | undefined;
  /** `{ share }` of the rows, or `{ inputs, outputs }` of other datasets, on which the network is measured. */
  validation?: Record<string, unknown> | undefined;
  /** Epochs without a lower loss after which the training ends. */
  patience?: number | undefined;
  keep?: "best" | "last" | undefined;
  /** Where the end of the task is posted. */
  notify_url?: string | undefined;
}

/** Queues a training task after checking its columns, datasets and limits. */
export async function createTrainTask(context: Context, input: CreateTrainTaskInput): Promise<TaskRow> {
  const cluster = await findCluster(context, input.cluster_uuid);
  const inputs = readTaskBindings("inputs", input.inputs);
  const outputs = readTaskBindings("outputs", input.outputs);
  const template = await queuedTemplate(context, cluster);
  checkPorts("input", template.inputs, inputs);
  checkPorts("output", template.outputs, outputs);

  const columns: { inputs: BoundColumns[]; outputs: BoundColumns[] } = { inputs: [], outputs: [] };
  const measure = bindingMeasure(context, unknownColumn);
  for (const binding of inputs) columns.inputs.push(await measure(binding, template.inputs, outputs));
  for (const binding of outputs) columns.outputs.push(await measure(binding, template.outputs));
  const { rows, cycles: all } = cyclesOf(columns, input.time_length);
  const validation = await readValidation(input, { template, measure, rows });
  const cycles = all - (validation !== undefined && "share" in validation ? heldOutOf(rows, validation.share) : 0);
  if (cycles < 1) throw badRequest("No rows would be left to learn from");
  const outputKinds = outputs.map(
    ({ hexagon_name }) => template.outputs.find(({ name }) => name === hexagon_name)!.kind,
  );
  const isClass = outputKinds.every((kind) => kind === "class");
  const { epochs, reason } =
    input.epochs === "auto" ? autoEpochs({ rows: cycles, isClass }) : { epochs: input.epochs, reason: undefined };
  const total = cycles * epochs;
  const sample = sampleSize(columns, input.time_length, { hexagons: template.hexagons, outputKinds });
  const batchSize = input.batch_size ?? defaultBatchSize(total, samplesMax(sample));
  const samples = Math.min(batchSize, total);
  checkValues(sample, samples);
  checkWidths(context, "input", columns.inputs, input.time_length);
  checkWidths(context, "output", columns.outputs, 1);
  const { hosts, config } = context.app;
  const isOnCpu = hosts.get(cluster.host_uuid)?.type === "cpu";
  const mayBeWide = input.batch_size !== undefined && isOnCpu;
  const most = samplesMax(sample, mayBeWide ? wideStepInputs(config.cpuMemoryBytes) : undefined);
  if (samples > most) {
    throw badRequest(
      `One step would have ${samples} samples, but with these columns and hexagons at most ${most} are possible`,
    );
  }

  return insertTask(context, {
    clusterUuid: input.cluster_uuid,
    name: input.name,
    notifyUrl: input.notify_url,
    plan: {
      kind: "train",
      inputs: inputs.map(plannedBinding),
      outputs: outputs.map(plannedBinding),
      rows,
      time_length: input.time_length,
      epochs,
      batch_size: batchSize,
      learning_rate: input.learning_rate ?? null,
      seed: input.seed ?? null,
      target_row: input.target_row ?? "first",
      ...(validation === undefined ? {} : { validation }),
      ...(input.patience === undefined ? {} : { patience: input.patience }),
      ...(input.keep === undefined ? {} : { keep: input.keep }),
      ...(reason === undefined ? {} : { reason }),
    },
    cycles: total,
    warnings: bindingWarnings(template, { inputs, outputs }, [...columns.inputs, ...columns.outputs]),
  });
}

// Clients know this misspelling.
const unknownColumn = (name: string) => notFound(`Dataset has no input for columsn with name '${name}'`);
