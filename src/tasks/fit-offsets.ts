import { offsetsOf } from "../clusters/answers.ts";
import type { NetworkEncoders } from "../encoders/network-encoders.ts";
import { OFFSETS_MAX, OffsetFit } from "../encoders/offsets.ts";
import type { FittedTask } from "./fitted-task.ts";
import { chooseRows } from "./row-choice.ts";
import { plainGroup, readGroup, type RowGroup } from "./row-group.ts";
import type { TaskDatasets } from "./task-datasets.ts";
import { TaskError } from "./task-error.ts";

/** Values that are read at once. */
const VALUES_READ = 262_144;

/**
 * The offsets of a network's plain inputs for a training: those that it has, and fitted ones for inputs that have
 * learnt nothing yet, from the rows that the task learns. Undefined when no input needs any. The same rows give the
 * same offsets.
 */
export async function fitOffsets(
  known: NetworkEncoders,
  { plan, template, untaught, chosen }: FittedTask,
  datasets: TaskDatasets,
): Promise<NetworkEncoders["offsets"]> {
  const offsets = new Map(Object.entries(known.offsets ?? {}));
  for (const binding of plan.inputs) {
    const name = binding.hexagon_name;
    const isPlain = template.inputs.some((input) => input.name === name && input.kind === "plain");
    if (!isPlain || !("dataset_column" in binding)) continue;
    const reader = await datasets.open(binding.dataset_uuid, plan.rows);
    const group = plainGroup(reader, binding, [0]);
    const learnt = offsetsOf(known, name);
    const fitted = learnt === undefined && untaught.has(name) ? await fit(group, { plan, chosen }) : learnt;
    if (fitted === undefined) continue;
    if (group.width > OFFSETS_MAX) {
      throw new TaskError(`The input '${name}' has learnt an offset and can take ${OFFSETS_MAX} columns at most`);
    }
    // Columns that are new have none.
    const columns = Math.max(fitted.length, group.width);
    offsets.set(
      name,
      Array.from({ length: columns }, (_, column) => fitted[column] ?? 0),
    );
  }
  return offsets.size === 0 ? undefined : Object.fromEntries(offsets);
}

async function fit(
  group: RowGroup,
  { plan, chosen }: Pick<FittedTask, "plan" | "chosen">,
): Promise<number[] | undefined> {
  const fitted = new OffsetFit(group.width);
  const rows = chosen?.length ?? plan.rows;
  const learnt = chosen === undefined ? group : chooseRows(group, chosen);
  const rowsRead = Math.max(1, Math.floor(VALUES_READ / Math.max(1, group.width)));
  for (let first = 0; first < rows && !fitted.isOver; first += rowsRead) {
    const { values } = await readGroup(learnt, first, Math.min(rowsRead, rows - first));
    fitted.add(values);
  }
  return fitted.offsets();
}

const COLUMNS_SHOWN = 3;
/** Digits of an offset in a sentence. */
const DIGITS = 6;
/** Characters of an input's name in a sentence. */
const NAME_SHOWN = 60;

/** What later encoders subtract from plain inputs that earlier ones did not: a sentence for each input. */
export function offsetWarnings(before: NetworkEncoders, after: NetworkEncoders): string[] {
  return Object.entries(after.offsets ?? {}).flatMap(([name, offsets]) => {
    if (offsetsOf(before, name) !== undefined) return [];
    const input = `input '${name.length > NAME_SHOWN ? `${name.slice(0, NAME_SHOWN)}…` : name}' is far above 0`;
    if (offsets.length === 1)
      return [`${input}, so the network sees it less ${short(offsets[0]!)}, in later rows, too`];
    const shifted = offsets.flatMap((offset, column) => (offset > 0 ? { column, offset } : []));
    const shown = shifted.slice(0, COLUMNS_SHOWN).map(({ column, offset }) => `value ${column} less ${short(offset)}`);
    const list = [...shown, ...(shifted.length > COLUMNS_SHOWN ? ["…"] : [])].join(", ");
    const which = `in ${shifted.length} of ${offsets.length} values`;
    return [`${input} ${which}, so the network sees these less an offset, in later rows, too: ${list}`];
  });
}

const short = (offset: number) => String(Number(offset.toPrecision(DIGITS)));
