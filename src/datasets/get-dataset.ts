import type { Context } from "../app-context.ts";
import { findDataset } from "./find-dataset.ts";
import type { DatasetRow } from "../db/rows.ts";
import type { ColumnGroup } from "./file/layout.ts";
import { openFile } from "./open-dataset.ts";

export interface DatasetInfo {
  row: DatasetRow;
  rowCount: number;
  columnCount: number;
  groups: readonly ColumnGroup[];
}

/**
 * Returns a dataset and the shape of its table. During an upload it has no rows and no columns; the result of an
 * unfinished task has its columns, but no rows.
 */
export async function getDataset(context: Context, { uuid }: { uuid: string }): Promise<DatasetInfo> {
  const row = await findDataset(context, uuid);
  if (row.state === "uploading" && row.type !== "result") return { row, rowCount: 0, columnCount: 0, groups: [] };
  const reader = await openFile(context.app, row.uuid);
  await reader.close();
  const rowCount = row.state === "ready" ? reader.rowCount : 0;
  return { row, rowCount, columnCount: reader.columnCount, groups: reader.groups };
}
