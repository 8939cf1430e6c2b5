import { badRequest } from "../errors.ts";
import { shown } from "./column-warnings.ts";

/** A cell of a row in JSON; an array is one row of an input that takes no table. */
export type JsonCell = number | string | boolean | null | readonly number[];

/** Rows of a request by column. A cell that a row does not have is undefined. */
export interface JsonColumns {
  rows: number;
  cells: Map<string, (JsonCell | undefined)[]>;
}

/** Rows in one request. */
const ROWS_MAX = 10_000;
/** Rows times columns: few cells that are each in a column of their own take as long as a full table. */
const TABLE_CELLS_MAX = 1_048_576;

/**
 * Reads rows: objects by column name, or arrays in the order of `names`. All rows are of one sort. Throws 400 for the
 * first row that is neither, or has a cell that is none, and for too many rows or columns.
 */
export function readJsonRows(rows: readonly unknown[], names: readonly string[]): JsonColumns {
  if (rows.length === 0) throw badRequest("'rows' is empty");
  if (rows.length > ROWS_MAX) throw badRequest(`'rows' has ${rows.length} rows, but at most ${ROWS_MAX} are possible`);
  const cells: JsonColumns["cells"] = new Map();
  const columnsMax = Math.floor(TABLE_CELLS_MAX / rows.length);
  const put = (name: string, row: number, value: unknown) => {
    if (!isCell(value)) throw badRequest(`Row ${row}, column '${name}' is no cell`);
    let column = cells.get(name);
    if (column === undefined) {
      if (cells.size === columnsMax)
        throw badRequest(`${rows.length} rows have more than ${columnsMax} different columns`);
      cells.set(name, (column = Array<JsonCell | undefined>(rows.length).fill(undefined)));
    }
    column[row] = value;
  };
  const isList = Array.isArray(rows[0]);
  for (const [index, row] of rows.entries()) {
    if (typeof row !== "object" || row === null || Array.isArray(row) !== isList) {
      throw badRequest(`Row ${index} is not ${isList ? "an array" : "an object"}`);
    }
    if (!Array.isArray(row)) for (const [name, value] of Object.entries(row)) put(name, index, value);
    else if (row.length !== names.length) {
      throw badRequest(`Row ${index} has ${row.length} cells, but ${names.length} are expected: ${shown(names)}`);
    } else for (const [column, value] of row.entries()) put(names[column]!, index, value);
  }
  return { rows: rows.length, cells };
}

function isCell(value: unknown): value is JsonCell {
  if (Array.isArray(value)) return value.every((each) => typeof each === "number");
  return typeof value !== "object" || value === null;
}
