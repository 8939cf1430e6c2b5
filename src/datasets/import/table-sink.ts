import { nameProblem } from "../column-name.ts";
import { TableStatistics } from "../column-statistics.ts";
import type { ColumnFacts } from "../file/columns.ts";
import { createDatasetFile, type DatasetWriter } from "../file/writer.ts";
import { groupColumns, type Group } from "../groups-metadata.ts";
import { ColumnCells, type CellType, type CellValue } from "./column-cells.ts";
import { checkNamed } from "./csv-header.ts";
import { textRoom } from "./dictionary.ts";
import { ImportError, type ImportFile } from "./import-job.ts";
import { excerpt, ImportWarnings } from "./import-warnings.ts";

export interface SourceColumn {
  name: string;
  /** Values per row; more than one for fixed-size lists. */
  width: number;
  /** True for columns of only 0…255 or booleans. */
  isByte: boolean;
  /** Numbers when omitted. */
  cells?: CellType;
}

/** Values of a column, `[rows × width]`; null where one is missing. */
export type ColumnValues = ArrayLike<CellValue>;

/** A value is missing in a table of bytes, which have no value for that: it is to be read again as 32-bit floats. */
export class NeedsFloats extends Error {}

/** Bounds the copy of the rows: 4 MiB. */
const VALUES_PER_BATCH = 1_048_576;

/** Throws ImportError for an invalid name. */
function checkNames(groups: readonly Group[]): void {
  for (const [index, { name }] of groups.entries()) {
    const problem = nameProblem(name);
    if (problem !== undefined) throw new ImportError(`column ${index + 1}: the name ${problem}`);
  }
}

/** Destination of a column: its group, and its first column in that group. */
interface CellTarget {
  column: SourceColumn;
  /** Index in the file. */
  source: number;
  group: number;
  offset: number;
  cells: ColumnCells;
}

/** The job of a table, and whether it was found to need floats. */
export type TableJob = Omit<ImportFile, "input"> & { needsFloats?: boolean };

/**
 * Writes a dataset from the columns of a table: as bytes when all columns are bytes, else as 32-bit floats. Columns are
 * numbers, categories or times; those of groups are numbers, and missing ones 0. Changes by a float are counted in the
 * warnings, or refused when the job is `exact`. Throws ImportError that names row (from 1) and column for a number out
 * of range, and NeedsFloats.
 */
export class TableSink {
  readonly #writer: DatasetWriter;
  readonly #groups: Group[];
  readonly #targets: CellTarget[];
  readonly #isByte: boolean;
  readonly #rowsPerBatch: number;
  readonly #warnings: ImportWarnings;
  readonly #statistics: TableStatistics;

  private constructor(
    writer: DatasetWriter,
    groups: Group[],
    targets: CellTarget[],
    { isByte, warnings }: { isByte: boolean; warnings: ImportWarnings },
  ) {
    this.#writer = writer;
    this.#warnings = warnings;
    this.#groups = groups;
    this.#isByte = isByte;
    this.#targets = targets;
    const kinds = new Map(targets.map(({ group, cells }) => [group, cells.kind]));
    this.#statistics = new TableStatistics(
      groups.map(({ width }, group) => (width === 1 ? kinds.get(group) : undefined)),
    );
    const width = groups.reduce((sum, group) => sum + group.width, 0);
    this.#rowsPerBatch = Math.max(1, Math.floor(VALUES_PER_BATCH / width));
  }

  /** `groupsText` is the metadata's definition of column groups, if any. */
  static async create(job: TableJob, columns: readonly SourceColumn[], groupsText?: string): Promise<TableSink> {
    if (columns.length === 0) throw new ImportError("the table has no columns");
    const { drop = [], kinds = {}, exact = false } = job;
    checkNamed(
      columns.map(({ name }) => name),
      drop,
      Object.keys(kinds),
    );
    const warnings = new ImportWarnings();
    const left = new Set(drop);
    const settings = { isExact: exact, warnings, room: textRoom() };
    const kept = columns.flatMap((column, source) => {
      if (left.has(column.name)) return [];
      const declared = Object.hasOwn(kinds, column.name) ? kinds[column.name] : undefined;
      return {
        column,
        source,
        cells: new ColumnCells(column.name, column.cells ?? "number", { ...settings, declared }),
      };
    });
    const groups = groupsOf(kept, groupsText, warnings);
    checkNames(groups);
    const isByte =
      job.needsFloats !== true && kept.every(({ column, cells }) => column.isByte && cells.type !== "text");
    let end = 0;
    const writer = await createDatasetFile(job.target, {
      rowsMax: job.rowsMax,
      bytesMax: job.bytesMax,
      name: job.name,
      type: isByte ? "uint8" : "float32",
      groups: groups.map(({ name, width }) => {
        end += width;
        return { name, column_start: end - width, column_end: end };
      }),
    });
    return new TableSink(writer, groups, targetsOf(kept, groups), { isByte, warnings });
  }

  /** Adds a warning about the file as a whole: a short sentence for the dataset's owner. */
  warn(sentence: string): void {
    this.#warnings.add(sentence);
  }

  /**
   * Counts a value of a list that is missing in the file and already 0 here; `row` counts from 0 in the rows that are
   * appended next.
   */
  readonly countMissing = (column: SourceColumn, row: number): void => {
    this.#warnings.count("missing", column.name, { row: this.#writer.rowCount + row + 1 });
  };

  /** Appends rows: one array per column of the file, in their order. */
  async append(rowCount: number, values: readonly ColumnValues[]): Promise<void> {
    for (let first = 0; first < rowCount; first += this.#rowsPerBatch) {
      const rows = Math.min(this.#rowsPerBatch, rowCount - first);
      const parts = this.#groups.map(({ width }) =>
        this.#isByte ? new Uint8Array(rows * width) : new Float32Array(rows * width),
      );
      for (const target of this.#targets) {
        const { column, source, group, offset } = target;
        const stride = (this.#groups[group] as Group).width;
        const part = parts[group] as Uint8Array | Float32Array;
        const given = values[source] as ColumnValues;
        let from = first * column.width;
        for (let row = 0; row < rows; row++) {
          for (let at = row * stride + offset, end = at + column.width; at < end; at++, from++) {
            part[at] = this.#value(given[from], target, { row: first + row, isSingle: stride === 1 });
          }
        }
      }
      this.#statistics.addColumns(rows, parts);
      await this.#writer.appendGroups(rows, parts);
    }
  }

  #value(value: CellValue, { cells }: CellTarget, at: { row: number; isSingle: boolean }): number {
    const row = this.#writer.rowCount + at.row + 1;
    if (!at.isSingle && Number.isNaN(value)) throw this.#refusal(cells, row, "NaN is not a finite 32-bit float");
    let read: number;
    try {
      read = cells.read(value, row);
    } catch (error) {
      throw error instanceof ImportError ? this.#refusal(cells, row, error.message) : error;
    }
    if (Number.isNaN(read)) {
      if (this.#isByte && at.isSingle) throw new NeedsFloats();
      return at.isSingle ? read : 0;
    }
    if (this.#isByte && (read & 255) !== read) throw this.#refusal(cells, row, `${read} is not a byte`);
    return read;
  }

  #refusal({ name }: ColumnCells, row: number, reason: string): ImportError {
    return new ImportError(`row ${row}, column '${name}': ${reason}`);
  }

  /** Resolves with the warnings. */
  async finish(): Promise<string[]> {
    const { rowCount } = this.#writer;
    if (rowCount === 0) throw new ImportError("the table has no rows");
    const facts = this.#groups.map((): ColumnFacts | undefined => undefined);
    for (const { group, cells } of this.#targets) {
      if (this.#groups[group]?.width === 1) facts[group] = this.#statistics.facts(group, cells.finish(rowCount));
    }
    await this.#writer.finish(facts);
    return this.#warnings.sentences();
  }

  abort(): Promise<void> {
    return this.#writer.abort();
  }
}

type Kept = Omit<CellTarget, "group" | "offset">;

/** The column groups; texts and times are in none with others. */
function groupsOf(kept: readonly Kept[], groupsText: string | undefined, warnings: ImportWarnings): Group[] {
  const columns = kept.map(({ column: { name, width } }) => ({ name, width }));
  const guessed: Group[] = [];
  const groups = groupColumns(columns, groupsText, (group) => guessed.push(group));
  const isMixed = targetsOf(kept, groups).some(
    ({ cells, group }) => groups[group]!.width > 1 && cells.type !== "number" && cells.type !== "truth",
  );
  if (isMixed) return columns;
  for (const { name, width } of guessed) {
    warnings.add(`columns '${excerpt(name)}_0' to '…_${width - 1}' are taken as one group, by their names`);
  }
  return groups;
}

function targetsOf(kept: readonly Kept[], groups: readonly Group[]): CellTarget[] {
  const targets: CellTarget[] = [];
  let next = 0;
  for (const [group, { width }] of groups.entries()) {
    for (let offset = 0; offset < width;) {
      const each = kept[next++] as Kept;
      targets.push({ ...each, group, offset });
      offset += each.column.width;
    }
  }
  return targets;
}

/** Reads a table, once more as floats if it is one of bytes with missing values. */
export async function withFloats<T>(read: (needsFloats: boolean) => Promise<T>): Promise<T> {
  try {
    return await read(false);
  } catch (error) {
    if (error instanceof NeedsFloats) return read(true);
    throw error;
  }
}
