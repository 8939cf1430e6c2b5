import { DatasetFileError } from "../datasets/file/layout.ts";
import { openDatasetFile, type DatasetReader } from "../datasets/file/reader.ts";
import { isMissing } from "../files/is-missing.ts";
import { datasetPath } from "../files/storage.ts";
import { parseTemplate } from "../network/template/parse-template.ts";
import { addWarnings } from "./add-warnings.ts";
import { columnSlices } from "./column-slices.ts";
import type { RunContext, RunningTask } from "./running-task.ts";

/**
 * Adds a warning to a training for each plain output with targets that it cannot learn, because its answers are from 0
 * to 1. Reads their columns once, which takes far less than a hundredth of the training.
 */
export async function warnOfClippedTargets(context: RunContext, active: RunningTask<"train">): Promise<void> {
  const { task, plan } = active;
  const { info } = await context.onHost((network) => network.ready());
  const plain = new Set(
    parseTemplate(info.template)
      .outputs.filter(({ kind }) => kind === "plain")
      .map(({ name }) => name),
  );
  const warnings: string[] = [];
  for (const binding of plan.outputs) {
    const { hexagon_name, dataset_uuid } = binding;
    if (!plain.has(hexagon_name) || !("dataset_column" in binding)) continue;
    const { dataset_column } = binding;
    const clipped = await readClipped(datasetPath(context.storage, dataset_uuid), dataset_column, active);
    if (clipped === undefined || clipped.count === 0) continue;
    const { count, first, row } = clipped;
    const values = count === 1 ? "1 target" : `${count} targets`;
    warnings.push(
      `Output '${hexagon_name}' learns ${values} outside of 0 to 1 as the nearest of both; ` +
        `the first is ${first} in row ${row}.`,
    );
  }
  await addWarnings(context.db, task.uuid, warnings);
}

interface Clipped {
  count: number;
  /** The first such value, and its row, from 1 on. */
  first: number;
  row: number;
}

/** Undefined when the task has to stop, or the file cannot be read: then the task fails with the reason. */
async function readClipped(path: string, name: string, active: RunningTask<"train">): Promise<Clipped | undefined> {
  let reader: DatasetReader | undefined;
  try {
    reader = await openDatasetFile(path);
    const index = reader.groups.findIndex((group) => group.name === name);
    const group = reader.groups[index];
    const rows = Math.min(active.plan.rows, reader.rowCount);
    if (group === undefined || isWithin(reader.columns[index])) return undefined;
    const width = group.column_end - group.column_start;
    const clipped: Clipped = { count: 0, first: 0, row: 0 };
    for await (const { first, values } of columnSlices(reader, { name, width, first: 0, rows })) {
      if (active.stop !== null) return undefined;
      countClipped(values, { firstRow: first, width }, clipped);
    }
    return clipped;
  } catch (error) {
    if (isMissing(error) || error instanceof DatasetFileError) return undefined;
    throw error;
  } finally {
    await reader?.close();
  }
}

/** Whether the facts of a column tell that all of its cells can be learnt. */
const isWithin = (facts: { min: number | null; max: number | null } | undefined) =>
  typeof facts?.min === "number" && typeof facts.max === "number" && facts.min >= 0 && facts.max <= 1;

function countClipped(
  values: ArrayLike<number>,
  { firstRow, width }: { firstRow: number; width: number },
  clipped: Clipped,
): void {
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!;
    if (value >= 0 && value <= 1) continue;
    if (clipped.count === 0) Object.assign(clipped, { first: value, row: firstRow + Math.floor(at / width) + 1 });
    clipped.count += 1;
  }
}
