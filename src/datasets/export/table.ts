import type { ColumnFacts } from "../file/columns.ts";
import type { ColumnGroup, ElementType } from "../file/layout.ts";
import type { DatasetReader } from "../file/reader.ts";

import { TRUTHS } from "../truths.ts";

/** The part of a dataset that is exported. */
export interface ExportTable {
  type: ElementType;
  rowCount: number;
  groups: { name: string; width: number }[];
  /** What is known about the cells of each group. */
  columns: readonly (ColumnFacts | undefined)[];
  columnCount: number;
  /** One array per group: `[rowCount × width]`, each in its own buffer. A missing cell is NaN. */
  read(firstRow: number, rowCount: number): Promise<(Uint8Array | Float32Array)[]>;
}

export function exportTable(reader: DatasetReader, group: string | undefined): ExportTable {
  const groups = selectGroups(reader.groups, group);
  const indices = new Map(reader.groups.map(({ name }, index) => [name, index]));
  return {
    type: reader.type,
    rowCount: reader.rowCount,
    groups,
    columns: groups.map(({ name }) => reader.columns[indices.get(name) as number]),
    columnCount: groups.reduce((sum, { width }) => sum + width, 0),
    async read(firstRow, rowCount) {
      const parts: (Uint8Array | Float32Array)[] = [];
      for (const { name, width } of groups) {
        if (reader.type === "uint8" || width > 1) parts.push(await reader.readGroup(name, firstRow, rowCount));
        else {
          const cells = new Float32Array(rowCount);
          await reader.fillCells(cells, name, firstRow, rowCount);
          parts.push(cells);
        }
      }
      return parts;
    },
  };
}

/** The groups to export, with their widths. An untrained output has no columns and is left out. */
export function selectGroups(groups: readonly ColumnGroup[], name: string | undefined) {
  return groups
    .map((group) => ({ name: group.name, width: group.column_end - group.column_start }))
    .filter((group) => group.width > 0 && (name === undefined || group.name === name));
}

/** Whether a column holds truth values: codes 0 and 1 of `false` and `true`. */
export const areTruths = (facts: ColumnFacts | undefined) =>
  facts?.kind === "category" &&
  facts.categories.length === TRUTHS.length &&
  facts.categories.every((text, code) => text === TRUTHS[code]);

/** One name per column: that of its group, or `name_0`, `name_1`, … in groups of several columns. */
export function columnNames(groups: readonly { name: string; width: number }[]): string[] {
  return groups.flatMap(({ name, width }) =>
    width === 1 ? [name] : Array.from({ length: width }, (_, column) => `${name}_${column}`),
  );
}

/** Number of rows that hold about `values` values. */
export const rowsOf = ({ columnCount }: ExportTable, values: number) => Math.max(1, Math.floor(values / columnCount));

/** Batches of at most `rows` rows, in order; none for an empty table. */
export async function* batches(table: ExportTable, rows: number) {
  for (let first = 0; first < table.rowCount; first += rows) {
    const rowCount = Math.min(rows, table.rowCount - first);
    yield { rowCount, parts: await table.read(first, rowCount) };
  }
}
