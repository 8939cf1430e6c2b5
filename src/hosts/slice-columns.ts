import type { Column } from "../network/network.ts";
import { HostError } from "./host-errors.ts";
import type { SliceColumns } from "./host.ts";

/**
 * The rows of a slice as samples: the window of a cycle is `timeLength` rows in a row, oldest first, so windows of
 * neighbouring cycles overlap and nothing is copied. Throws HostError when rows are missing.
 */
export function sliceColumns(columns: SliceColumns[], cycles: number, timeLength: number): Column[] {
  return columns.map(({ index, rows, width }) => {
    const needed = cycles === 0 ? 0 : (cycles + timeLength - 1) * width;
    if (rows.length < needed) throw new HostError("input", `${rows.length} values where ${needed} are needed`);
    return { index, values: rows, width: width * timeLength, stride: width };
  });
}
