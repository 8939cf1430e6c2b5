import type { Context } from "../app-context.ts";
import { findDataset } from "./find-dataset.ts";
import type { DatasetRow } from "../db/rows.ts";
import type { ColumnFacts } from "./file/columns.ts";
import type { ColumnGroup } from "./file/layout.ts";
import { openFile } from "./open-dataset.ts";

export interface DatasetInfo {
  row: DatasetRow;
  rowCount: number;
  columnCount: number;
  groups: readonly ColumnGroup[];
  /** What is known about the cells of each group. */
  columns: readonly (ColumnFacts | undefined)[];
}

/**
 * Returns a dataset and the shape of its table. During an upload it has no rows and no columns; the result of an
 * unfinished task has its columns, but no rows.
 */
export async function getDataset(context: Context, { uuid }: { uuid: string }): Promise<DatasetInfo> {
  const row = await findDataset(context, uuid);
  if (row.state === "uploading" && row.type !== "result") {
    return { row, rowCount: 0, columnCount: 0, groups: [], columns: [] };
  }
  const reader = await openFile(context.app, row.uuid);
  await reader.close();
  const rowCount = row.state === "ready" ? reader.rowCount : 0;
  const { columnCount, groups, columns } = reader;
  return { row, rowCount, columnCount, groups, columns };
}
