import { nameProblem } from "../column-name.ts";
import { MAX_METADATA_BYTES } from "../file/layout.ts";
import { areValues, plainNumber } from "./csv-cell.ts";
import type { CsvRow } from "./csv-reader.ts";
import { ImportError } from "./import-job.ts";
import { excerpt, type ImportWarnings } from "./import-warnings.ts";

/** Column names for a file without a header. */
export const numberedNames = (count: number) => Array.from({ length: count }, (_, column) => `column_${column}`);

/** Name of a first column without one. */
const FIRST = "column_0";

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
  const names = nameCells(row);
  if (!isSureHeader && areValues(cells.map((cell) => cell.trim())) && !isNumbered(cells)) {
    if (!countsFrom0(cells)) throw noHeader(row);
    warnings.add(`${whereIs(row)} is taken as names of columns, not as values; has_header=false says that it is a row`);
  }
  if (cells[0] === "" && names.length > 1) {
    warnings.add(`the first column has no name, like numbers of rows; it is kept as '${names[0]}'`);
  }
  checkNames(names);
  if (row.trimmed > 0) {
    const names = row.trimmed === 1 ? "1 name of a column" : `${row.trimmed} names of columns`;
    warnings.add(`blanks around ${names} are left out`);
  }
  return names;
}

/** The names in the first row, as they are; the first one may be missing. */
export function nameCells({ cells }: CsvRow): string[] {
  const names = [...cells];
  if (names[0] !== "" || names.length === 1) return names;
  let name = FIRST;
  while (names.includes(name)) name += "_";
  names[0] = name;
  return names;
}

const whereIs = ({ line, cells }: CsvRow) => `line ${line}: '${excerpt(cells.join(","))}'`;

const noHeader = (row: CsvRow) =>
  new ImportError(
    `${whereIs(row)} holds values where the names of the columns are expected; say has_header=false (--no-header) for a ` +
      "file without a header, or has_header=true (--header) if these are the names",
  );

/**
 * Throws ImportError when the first row looks like the rows below it: one of its cells is a number, or all are texts,
 * and each text is a category of its column. `categories` are those of each column; empty for the other kinds.
 */
export function checkHeader(row: CsvRow, categories: readonly (readonly string[])[]): void {
  const isRepeated = categories.map((texts, column) => texts.includes(row.cells[column] as string));
  const texts = categories.filter(({ length }) => length > 0).length;
  const hasNumber = row.cells.some((cell) => plainNumber(cell, ".") !== undefined);
  const isRow = texts > 0 && isRepeated.filter(Boolean).length === texts && (hasNumber || texts === row.cells.length);
  if (isRow) throw noHeader(row);
}

/** Throws ImportError for options that name no column, and when no column is left. */
export function checkNamed(names: readonly string[], drop: readonly string[], kinds: readonly string[]): void {
  const known = new Set(names);
  for (const [option, listed] of Object.entries({ drop, kinds })) {
    const unknown = listed.find((name) => !known.has(name));
    if (unknown !== undefined) throw new ImportError(`${option}: there is no column '${excerpt(unknown)}'`);
  }
  if (new Set(drop).size === known.size) throw new ImportError("drop: no column is left");
}

function checkNames(names: string[]): void {
  const columns = new Map<string, number>();
  let length = 0;
  for (const [index, name] of names.entries()) {
    const where = `header, column ${index + 1}`;
    const problem = nameProblem(name);
    if (problem !== undefined) throw new ImportError(`${where}: the name ${problem}`);
    const other = columns.get(name);
    if (other !== undefined) throw new ImportError(`${where}: the name '${name}' is that of column ${other}, too`);
    columns.set(name, index + 1);
    length += Buffer.byteLength(JSON.stringify(name)) + 64;
  }
  if (length > MAX_METADATA_BYTES) throw new ImportError("header: the names are too long");
}
