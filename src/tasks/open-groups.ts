import { offsetsOf, tableOf, targetOf } from "../clusters/answers.ts";
import type { ColumnBinding, TaskBinding } from "../db/schema/index.ts";
import { EncoderError } from "../encoders/encoder-error.ts";
import type { NetworkEncoders } from "../encoders/network-encoders.ts";
import { isEncoded, type Template } from "../network/template/parse-template.ts";
import { type EncodedGroup, tableGroup, targetGroup, truthGroup } from "./encoded-group.ts";
import { resolveBindings } from "./resolve-bindings.ts";
import { plainGroup, type RowGroup, shiftedGroup } from "./row-group.ts";
import { asTable, targetsIn } from "./table-columns.ts";
import type { TaskDatasets } from "./task-datasets.ts";
import { TaskError } from "./task-error.ts";

interface BoundTask {
  inputs: readonly TaskBinding[];
  /** Empty for a task without expected values. */
  outputs: readonly TaskBinding[];
  /** Least number of rows of each dataset. */
  rows: number;
  /** Reads the targets of encoders as what answers are compared with, instead of what is learnt. */
  isCompared?: boolean;
}

export interface TaskGroups {
  inputs: RowGroup[];
  expected: RowGroup[];
  /** What the rows that were read so far lacked, one sentence each. */
  warnings(): string[];
}

/** Opens the rows of a task's bindings. Throws TaskError when the network cannot take them. */
export async function openGroups(
  { template, encoders }: { template: Template; encoders: NetworkEncoders },
  { inputs, outputs, rows, isCompared = false }: BoundTask,
  datasets: TaskDatasets,
): Promise<TaskGroups> {
  const groups: TaskGroups & { inputs: RowGroup[]; expected: RowGroup[] } = {
    inputs: [],
    expected: [],
    warnings: () => encoded.flatMap((group) => group.warnings()),
  };
  const encoded: EncodedGroup[] = [];
  for (const { binding, kind, indices } of resolveBindings("input", template.inputs, inputs)) {
    const reader = await datasets.open(binding.dataset_uuid, rows);
    if (!isEncoded(kind)) {
      const group = plainGroup(reader, singleColumn(binding), indices);
      const offsets = offsetsOf(encoders, binding.hexagon_name);
      groups.inputs.push(offsets === undefined ? group : shiftedGroup(group, offsets));
      continue;
    }
    const encoder = tableOf(encoders, binding.hexagon_name);
    if (encoder === undefined) throw new TaskError(`The input '${binding.hexagon_name}' has not learnt a table yet`);
    const table = asTable(binding);
    const targets = targetsIn(table.dataset_uuid, outputs);
    encoded.push(asTaskError(() => tableGroup(reader, { binding: table, targets }, { encoder, indices })));
    groups.inputs.push(encoded.at(-1) as EncodedGroup);
  }
  for (const { binding, kind, indices } of resolveBindings("output", template.outputs, outputs)) {
    const reader = await datasets.open(binding.dataset_uuid, rows);
    const column = singleColumn(binding);
    const target = isEncoded(kind) ? targetOf(encoders, binding.hexagon_name) : undefined;
    if (target === undefined) groups.expected.push(plainGroup(reader, column, indices));
    else if (isCompared) groups.expected.push(asTaskError(() => truthGroup(reader, column, { target, indices })));
    else {
      encoded.push(asTaskError(() => targetGroup(reader, column, { target, indices })));
      groups.expected.push(encoded.at(-1) as EncodedGroup);
    }
  }
  return groups;
}

function singleColumn(binding: TaskBinding): ColumnBinding {
  if ("dataset_column" in binding) return binding;
  throw new TaskError(`'${binding.hexagon_name}' is no table and takes one column`);
}

/** Words an encoder's refusal for the owner of the task. */
export function asTaskError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw taskErrorOf(error);
  }
}

export const taskErrorOf = (error: unknown) =>
  error instanceof EncoderError ? new TaskError(error.message, { cause: error }) : error;
