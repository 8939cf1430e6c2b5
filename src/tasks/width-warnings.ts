import type { ColumnBinding } from "../db/schema/index.ts";
import { datasetPath } from "../files/storage.ts";
import { isEncoded, parseTemplate } from "../network/template/parse-template.ts";
import { addWarnings } from "./add-warnings.ts";
import type { RunContext, RunningTask } from "./running-task.ts";
import { TaskDatasets } from "./task-datasets.ts";

/**
 * Adds a warning for each input of the task that is wider or narrower than the network has learnt. Of tables, the
 * encoder tells which columns are missing. Throws TaskError for a dataset that cannot be read.
 */
export async function warnOfWidths(
  context: RunContext,
  { task, plan }: RunningTask<"request"> | RunningTask<"evaluate">,
): Promise<void> {
  const { info } = await context.onHost((network) => network.ready());
  const widths = info.figures.inputs ?? [];
  const learnt = parseTemplate(info.template).inputs.map(({ name, kind }, index) => ({
    name,
    width: isEncoded(kind) ? 0 : (widths[index] ?? 0),
  }));
  const datasets = new TaskDatasets((uuid) => datasetPath(context.storage, uuid));
  try {
    const given: InputWidth[] = [];
    for (const binding of plan.inputs) {
      if (!("dataset_column" in binding)) continue;
      given.push({ name: binding.hexagon_name, width: (await columnsOf(datasets, binding)) * plan.time_length });
    }
    await addWarnings(context.db, task.uuid, widthWarnings(learnt, given));
  } finally {
    await datasets.close();
  }
}

/** Number of columns of a group; 0 for one that the dataset lacks, with which the task fails. */
async function columnsOf(datasets: TaskDatasets, { dataset_uuid, dataset_column }: ColumnBinding): Promise<number> {
  const group = (await datasets.open(dataset_uuid, 0)).group(dataset_column);
  return group === undefined ? 0 : group.column_end - group.column_start;
}

/** An input with the number of its values in a sample. */
interface InputWidth {
  name: string;
  width: number;
}

/**
 * What a request does with inputs of another width than the network has learnt: a sentence for each. `learnt` has the
 * widths that the network knows; those of inputs that have learnt nothing are 0.
 */
export function widthWarnings(learnt: readonly InputWidth[], given: readonly InputWidth[]): string[] {
  const known = new Map(learnt.map(({ name, width }) => [name, width]));
  return given.flatMap(({ name, width }) => {
    const learntWidth = known.get(name) ?? 0;
    if (learntWidth === 0 || width === 0 || width === learntWidth) return [];
    const what = `Input '${name}' has learnt ${learntWidth} values per sample, but is given ${width}`;
    return [
      width > learntWidth
        ? `${what}: those after the first ${learntWidth} are ignored.`
        : `${what}: the others count as 0.`,
    ];
  });
}
