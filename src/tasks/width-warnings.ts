import { DatasetFileError } from "../datasets/file/layout.ts";
import { openDatasetFile, type DatasetReader } from "../datasets/file/reader.ts";
import { isMissing } from "../files/is-missing.ts";
import { datasetPath } from "../files/storage.ts";
import { parseTemplate } from "../network/template/parse-template.ts";
import { addWarnings } from "./add-warnings.ts";
import type { RunContext, RunningTask } from "./running-task.ts";

/** Adds a warning for each input of the task that is wider or narrower than the network has learnt. */
export async function warnOfWidths(
  context: RunContext,
  { task, plan }: RunningTask<"request"> | RunningTask<"evaluate">,
): Promise<void> {
  const { info } = await context.onHost((network) => network.ready());
  const widths = info.figures.inputs ?? [];
  const learnt = parseTemplate(info.template).inputs.map(({ name }, index) => ({ name, width: widths[index] ?? 0 }));
  const given: InputWidth[] = [];
  for (const { hexagon_name: name, dataset_uuid, dataset_column } of plan.inputs) {
    const columns = await columnsOf(datasetPath(context.storage, dataset_uuid), dataset_column);
    if (columns !== undefined) given.push({ name, width: columns * plan.time_length });
  }
  await addWarnings(context.db, task.uuid, widthWarnings(learnt, given));
}

/** Undefined for a dataset that cannot be read: then the task fails with the reason. */
async function columnsOf(path: string, name: string): Promise<number | undefined> {
  let reader: DatasetReader | undefined;
  try {
    reader = await openDatasetFile(path);
    const group = reader.group(name);
    return group && group.column_end - group.column_start;
  } catch (error) {
    if (isMissing(error) || error instanceof DatasetFileError) return undefined;
    throw error;
  } finally {
    await reader?.close();
  }
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
    if (learntWidth === 0 || width === learntWidth) return [];
    const what = `Input '${name}' has learnt ${learntWidth} values per sample, but is given ${width}`;
    return [
      width > learntWidth
        ? `${what}: those after the first ${learntWidth} are ignored.`
        : `${what}: the others count as 0.`,
    ];
  });
}
