import type { DatasetReader } from "../datasets/file/reader.ts";
import type { ColumnBinding, TableBinding } from "../db/schema/index.ts";
import { bindTable, widthOf, type BoundTable, type TableEncoder } from "../encoders/table-encoder.ts";
import { bindTarget, truthReader, widthOfTarget, type FittedTarget } from "../encoders/targets.ts";
import { noColumn, type RowGroup } from "./row-group.ts";
import { meaningsOf, namesOf } from "./table-columns.ts";
import { damaged } from "./task-datasets.ts";

/** Rows that are encoded at once: some milliseconds at most, even of a wide table. */
const CELLS_AT_ONCE = 65_536;

/** Encoded rows, and what a user should know about them. */
export interface EncodedGroup extends RowGroup {
  /** What was missing, ignored or unknown so far, one sentence each. */
  warnings(): string[];
}

/** The rows of a dataset's columns as values of a `(table)` input. Throws EncoderError for columns of other kinds. */
export function tableGroup(
  reader: DatasetReader,
  { binding, targets }: { binding: TableBinding; targets: readonly string[] },
  { encoder, indices }: { encoder: TableEncoder; indices: readonly number[] },
): EncodedGroup {
  const names = namesOf(binding, reader, targets);
  const meanings = meaningsOf(reader, names);
  for (const name of names) if (reader.group(name) === undefined) throw noColumn(binding.dataset_uuid, name);
  const columns = encoder.columns.map(({ name }) => meanings.get(name));
  const bound = bindTable(encoder, columns);
  const width = widthOf(encoder);
  const rowsAtOnce = Math.max(1, Math.floor(CELLS_AT_ONCE / Math.max(1, columns.length)));
  return {
    indices,
    width,
    type: "float32",
    warnings: () => tableWarnings(encoder, meanings, bound),
    async fill(target, first, count) {
      for (let done = 0; done < count; done += rowsAtOnce) {
        const rows = Math.min(rowsAtOnce, count - done);
        const cells = await cellsOfColumns(reader, columns, first + done, rows);
        bound.encode(cells, rows, (target as Float32Array).subarray(done * width, (done + rows) * width));
      }
    },
  };
}

function tableWarnings(encoder: TableEncoder, meanings: ReadonlyMap<string, unknown>, bound: BoundTable): string[] {
  const known = new Set(encoder.columns.map(({ name }) => name));
  const missing = [...known].filter((name) => !meanings.has(name));
  const extra = [...meanings.keys()].filter((name) => !known.has(name));
  const sentences: string[] = [];
  if (missing.length > 0) sentences.push(`${listed(missing)}: learnt, but not in this dataset, and silent here`);
  if (extra.length > 0) sentences.push(`${listed(extra)}: not learnt, and ignored here`);
  for (const [name, count] of bound.unknown) {
    const cells = count === 1 ? "1 cell has a category" : `${count} cells have categories`;
    sentences.push(`column '${name}': ${cells} that the network has not learnt, and is silent there`);
  }
  return sentences;
}

const NAMES_SHOWN = 5;

/** Names of columns for a sentence. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).map((name) => `'${name}'`);
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : "";
  return `${names.length === 1 ? "column" : "columns"} ${shown.join(", ")}${more}`;
}

/** The cells of a dataset's column as expected values of a `(class)` or `(number)` output. */
export function targetGroup(
  reader: DatasetReader,
  { dataset_uuid: uuid, dataset_column: name }: ColumnBinding,
  { target: fitted, indices }: { target: FittedTarget; indices: readonly number[] },
): RowGroup {
  const meaning = meaningsOf(reader, [name]).get(name);
  if (meaning === undefined) throw noColumn(uuid, name);
  const bound = bindTarget(fitted, meaning);
  return {
    indices,
    width: widthOfTarget(fitted),
    type: "float32",
    async fill(target, first, count) {
      const [cells] = await cellsOfColumns(reader, [meaning], first, count);
      bound.encode(cells as Float32Array, count, target as Float32Array);
    },
  };
}

/** The cells of a target's column as what answers are compared with, see `truthReader`. */
export function truthGroup(
  reader: DatasetReader,
  { dataset_uuid: uuid, dataset_column: name }: ColumnBinding,
  { target: fitted, indices }: { target: FittedTarget; indices: readonly number[] },
): RowGroup {
  const meaning = meaningsOf(reader, [name]).get(name);
  if (meaning === undefined) throw noColumn(uuid, name);
  const read = truthReader(fitted, meaning);
  return {
    indices,
    width: 1,
    type: "float32",
    async fill(target, first, count) {
      const [cells] = await cellsOfColumns(reader, [meaning], first, count);
      for (let row = 0; row < count; row++) target[row] = read((cells as Float32Array)[row] as number);
    },
  };
}

/** The cells of each column, undefined for a column that is not there. Missing cells are NaN. */
export async function cellsOfColumns(
  reader: DatasetReader,
  columns: readonly ({ name: string } | undefined)[],
  first: number,
  count: number,
): Promise<(Float32Array | undefined)[]> {
  const memory = new Float32Array(columns.length * count);
  const cells: (Float32Array | undefined)[] = [];
  for (const [index, column] of columns.entries()) {
    const values = memory.subarray(index * count, (index + 1) * count);
    try {
      if (column !== undefined) await reader.fillCells(values, column.name, first, count);
    } catch (error) {
      throw damaged(reader.name, error);
    }
    cells.push(column === undefined ? undefined : values);
  }
  return cells;
}
