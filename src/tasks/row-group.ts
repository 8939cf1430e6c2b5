import type { ElementType } from "../datasets/file/layout.ts";
import type { DatasetReader } from "../datasets/file/reader.ts";
import type { ColumnBinding } from "../db/schema/index.ts";
import { subtractOffsets } from "../encoders/offsets.ts";
import type { Rows } from "../network/run.ts";
import { TaskError } from "./task-error.ts";
import { damaged } from "./task-datasets.ts";

/** The rows of one input or output of a network, in the order of a task's table. */
export interface RowGroup {
  /** Indices among the inputs or outputs of the network that all get these rows: the positions of one name. */
  indices: readonly number[];
  /** Values per row. */
  width: number;
  type: ElementType;
  /** Writes `count` rows, `[count × width]`. Throws TaskError when they cannot be read. */
  fill(target: Rows["values"], first: number, count: number): Promise<void>;
}

/** A column group of a dataset, as it is stored. */
export function plainGroup(
  reader: DatasetReader,
  { dataset_uuid: uuid, dataset_column: name }: Omit<ColumnBinding, "hexagon_name">,
  indices: readonly number[],
): RowGroup {
  const range = reader.group(name);
  if (range === undefined) throw noColumn(uuid, name);
  return {
    indices,
    width: range.column_end - range.column_start,
    type: reader.type,
    async fill(target, first, count) {
      try {
        await reader.fillGroup(target, name, first, count);
      } catch (error) {
        throw damaged(reader.name, error);
      }
    },
  };
}

/** Values that are shifted without a pause: a millisecond or two. */
const VALUES_SHIFTED = 1_048_576;

/** The rows of a plain input less the offsets of its columns. */
export function shiftedGroup(group: RowGroup, offsets: readonly number[]): RowGroup {
  const { width, type } = group;
  const rowsAtOnce = Math.max(1, Math.floor(VALUES_SHIFTED / Math.max(1, width)));
  return {
    ...group,
    type: "float32",
    async fill(target, first, count) {
      for (let done = 0; done < count; done += rowsAtOnce) {
        const rows = Math.min(rowsAtOnce, count - done);
        const values = (target as Float32Array).subarray(done * width, (done + rows) * width);
        const stored = type === "uint8" ? new Uint8Array(values.length) : values;
        await group.fill(stored, first + done, rows);
        if (stored !== values) values.set(stored);
        subtractOffsets(values, width, offsets);
      }
    },
  };
}

export const noColumn = (uuid: string, name: string) =>
  new TaskError(`Dataset with uuid '${uuid}' has no column with name '${name}'`);

/** Reads rows into a fresh buffer. */
export async function readGroup(group: RowGroup, first: number, count: number): Promise<Rows> {
  const { indices, width, type } = group;
  const length = count * width;
  const values = type === "uint8" ? new Uint8Array(length) : new Float32Array(length);
  await group.fill(values, first, count);
  return { index: indices[0] as number, width, values };
}

/** Rows for all positions of each group; they share their values. */
export const toAllPositions = (groups: readonly RowGroup[], rows: readonly Rows[]): Rows[] =>
  rows.flatMap((each, nth) => (groups[nth] as RowGroup).indices.map((index) => ({ ...each, index })));
