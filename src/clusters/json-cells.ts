import type { Cells, ColumnKind } from "../encoders/cells.ts";
import { numberFromText, numberText } from "../encoders/number-text.ts";
import { missingMarks } from "../datasets/missing-marks.ts";
import { parseTime } from "../datasets/iso-time.ts";
import { badRequest } from "../errors.ts";
import type { JsonCell } from "./json-rows.ts";

type Column = readonly (JsonCell | undefined)[];

const isMark = missingMarks();
const isMissing = (cell: JsonCell | undefined) =>
  cell === undefined || cell === null || (typeof cell === "string" && isMark(cell.trim()));

/**
 * Reads the cells of a JSON column as those of a dataset's column of this kind; null, and texts that mark a missing
 * cell, are missing. Throws 400, with row and column, for a cell that is not of the kind.
 */
export function jsonCells(name: string, column: Column, rows: number, kind: ColumnKind): Cells {
  if (kind === "category") return categories(name, column, rows);
  const refusal = (row: number) => {
    const what = kind === "number" ? "number" : "date or time";
    return badRequest(`Row ${row}, column '${name}': ${JSON.stringify(column[row]).slice(0, 50)} is no ${what}`);
  };
  const read = kind === "number" ? readNumber : readTime;
  let origin: number | undefined;
  const values = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const cell = column[row];
    if (isMissing(cell)) {
      values[row] = NaN;
      continue;
    }
    const value = read(cell as JsonCell);
    if (value === undefined) throw refusal(row);
    if (kind === "time") origin ??= value;
    values[row] = value - (origin ?? 0);
    if (!Number.isFinite(values[row])) throw refusal(row);
  }
  return { name, kind, categories: [], origin: origin ?? 0, values };
}

function readNumber(cell: JsonCell): number | undefined {
  if (typeof cell === "number") return cell;
  if (typeof cell === "boolean") return Number(cell);
  return typeof cell === "string" ? numberFromText(cell.trim()) : undefined;
}

function readTime(cell: JsonCell): number | undefined {
  if (typeof cell === "number") return cell;
  return typeof cell === "string" ? parseTime(cell.trim())?.seconds : undefined;
}

/**
 * Texts, trimmed as in an import. A column of nothing but numbers stays one, so that an encoder of texts refuses it.
 */
function categories(name: string, column: Column, rows: number): Cells {
  const codes = new Map<string, number>();
  const values = new Float32Array(rows);
  let areNumbers = true;
  for (let row = 0; row < rows; row++) {
    const cell = column[row];
    if (isMissing(cell)) {
      values[row] = NaN;
      continue;
    }
    if (typeof cell === "object") throw badRequest(`Row ${row}, column '${name}' is an array`);
    areNumbers &&= typeof cell === "number";
    const text = typeof cell === "number" ? numberText(Math.fround(cell)) : String(cell).trim();
    const code = codes.get(text) ?? codes.size;
    codes.set(text, code);
    values[row] = code;
  }
  if (areNumbers && codes.size > 0) return jsonCells(name, column, rows, "number");
  return { name, kind: "category", categories: [...codes.keys()], origin: 0, values };
}

/** The kind of a column from its cells, as an import would decide. */
export function kindOfCells(column: Column): ColumnKind {
  let [all, numbers, times] = [0, 0, 0];
  for (const cell of column) {
    if (isMissing(cell)) continue;
    all += 1;
    if (typeof cell === "number" || (typeof cell === "string" && numberFromText(cell.trim()) !== undefined))
      numbers += 1;
    else if (typeof cell === "string" && parseTime(cell.trim()) !== undefined) times += 1;
  }
  return all === numbers ? "number" : all === times ? "time" : "category";
}
