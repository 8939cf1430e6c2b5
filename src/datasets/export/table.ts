import type { ColumnGroup, ElementType } from "../file/layout.ts";
import type { DatasetReader } from "../file/reader.ts";

/** The part of a dataset that is exported. */
export interface ExportTable {
  type: ElementType;
  rowCount: number;
  groups: { name: string; width: number }[];
  columnCount: number;
  /** One array per group: `[rowCount × width]`, each in its own buffer. */
  read(firstRow: number, rowCount: number): Promise<(Uint8Array | Float32Array)[]>;
}

export function exportTable(reader: DatasetReader, group: string | undefined): ExportTable {
  const groups = selectGroups(reader.groups, group);
  return {
    type: reader.type,
    rowCount: reader.rowCount,
    groups,
    columnCount: groups.reduce((sum, { width }) => sum + width, 0),
    async read(firstRow, rowCount) {
      const parts: (Uint8Array | Float32Array)[] = [];
      for (const { name } of groups) parts.push(await reader.readGroup(name, firstRow, rowCount));
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
