import { nameProblem } from "../column-name.ts";
import { MAX_METADATA_BYTES } from "../file/layout.ts";
import { areValues } from "./csv-cell.ts";
import type { CsvRow } from "./csv-reader.ts";
import { ImportError } from "./import-job.ts";
import { excerpt, type ImportWarnings } from "./import-warnings.ts";

const NO_ROW_NUMBERS = "pandas: index=False, R: row.names=FALSE";

/** Column names for a file without a header. */
export const numberedNames = (count: number) => Array.from({ length: count }, (_, column) => `column_${column}`);

const countsFrom0 = (cells: readonly string[]) => cells.every((cell, column) => cell === String(column));

/** True when the first name is empty, as in files with row numbers, and the others count from 0. */
const isNumbered = ([first, ...others]: readonly string[]) => first === "" && countsFrom0(others);

/**
 * Reads the names in the first row. Unless the client declared a header, a row of values is refused; numbers are
 * accepted as names only when they count the columns from 0, as written by programs without column names. Throws
 * ImportError.
 */
export function readNames(row: CsvRow, warnings: ImportWarnings, isSureHeader: boolean): string[] {
  const { cells } = row;
  if (!isSureHeader && areValues(cells.map((cell) => cell.trim())) && !isNumbered(cells)) {
    const where = `line ${row.line}: '${excerpt(cells.join(","))}'`;
    if (!countsFrom0(cells)) {
      throw new ImportError(
        `${where} holds values where the names of the columns are expected; say has_header=false (--no-header) for a file ` +
          "without a header, or has_header=true (--header) if these are the names",
      );
    }
    warnings.add(`${where} is taken as names of columns, not as values; has_header=false says that it is a row`);
  }
  checkNames(cells);
  if (row.trimmed > 0) {
    const names = row.trimmed === 1 ? "1 name of a column" : `${row.trimmed} names of columns`;
    warnings.add(`blanks around ${names} are left out`);
  }
  return cells;
}

function checkNames(names: string[]): void {
  const columns = new Map<string, number>();
  let length = 0;
  for (const [index, name] of names.entries()) {
    const where = `header, column ${index + 1}`;
    const problem = nameProblem(name);
    if (name === "" && index === 0 && names.length > 1) {
      throw new ImportError(`${where}: the name ${problem}; numbers of rows are to be left out (${NO_ROW_NUMBERS})`);
    }
    if (problem !== undefined) throw new ImportError(`${where}: the name ${problem}`);
    const other = columns.get(name);
    if (other !== undefined) throw new ImportError(`${where}: the name '${name}' is that of column ${other}, too`);
    columns.set(name, index + 1);
    length += Buffer.byteLength(JSON.stringify(name)) + 64;
  }
  if (length > MAX_METADATA_BYTES) throw new ImportError("header: the names are too long");
}
