import type { ColumnMeaning } from "../encoders/cells.ts";
import type { DatasetReader } from "../datasets/file/reader.ts";
import type { TableBinding, TaskBinding } from "../db/schema/index.ts";

/** What the cells of these columns are; without names that the dataset lacks, and groups of several columns. */
export function meaningsOf(reader: DatasetReader, names: readonly string[]): Map<string, ColumnMeaning> {
  const wanted = new Set(names);
  const found = new Map<string, ColumnMeaning>();
  for (const [index, { name, column_start, column_end }] of reader.groups.entries()) {
    if (!wanted.has(name) || column_end - column_start !== 1) continue;
    const { kind = "number", categories = [], origin = 0 } = reader.columns[index] ?? {};
    found.set(name, { name, kind, categories, origin });
  }
  return found;
}

/** The names of the columns that a table consists of. `targets` are those of the dataset that the outputs learn. */
export function namesOf(
  { dataset_columns: columns, except = [] }: TableBinding,
  reader: Pick<DatasetReader, "groups">,
  targets: readonly string[],
): string[] {
  if (columns !== "*") return columns;
  const left = new Set([...except, ...targets]);
  return reader.groups.map(({ name }) => name).filter((name) => !left.has(name));
}

/** The columns of this dataset that are bound to outputs. */
export const targetsIn = (datasetUuid: string, outputs: readonly TaskBinding[]) =>
  outputs.flatMap((output) =>
    "dataset_column" in output && output.dataset_uuid === datasetUuid ? [output.dataset_column] : [],
  );

/** A binding of one column, as a table. */
export const asTable = (binding: TaskBinding): TableBinding =>
  "dataset_column" in binding
    ? {
        dataset_uuid: binding.dataset_uuid,
        hexagon_name: binding.hexagon_name,
        dataset_columns: [binding.dataset_column],
      }
    : binding;
