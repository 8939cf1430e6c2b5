import { nameProblem } from "../column-name.ts";
import { groupColumns, type Group } from "../groups-metadata.ts";
import { createDatasetFile, type DatasetWriter } from "../file/writer.ts";
import { ImportError, type ImportFile } from "./import-job.ts";
import { excerpt, ImportWarnings } from "./import-warnings.ts";
import { changeBy32Bits } from "./narrow.ts";

export interface SourceColumn {
  name: string;
  /** Values per row; more than one for fixed-size lists. */
  width: number;
  /** True for columns of only 0…255 or booleans. */
  isByte: boolean;
}

/** Values of a column, `[rows × width]`. Nulls become 0, as in CSV, and are counted in the warnings. */
export type ColumnValues = ArrayLike<number | bigint | boolean | null | undefined>;

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
  group: number;
  offset: number;
}

/**
 * Writes a dataset from the columns of a table: as bytes when all columns are bytes, else as 32-bit floats. Changes by
 * a float are counted in the warnings, or refused when the job is `exact`. Throws ImportError that names row (from 1)
 * and column for a number out of range.
 */
export class TableSink {
  readonly #writer: DatasetWriter;
  readonly #groups: Group[];
  readonly #targets: CellTarget[];
  readonly #isByte: boolean;
  readonly #rowsPerBatch: number;
  readonly #warnings: ImportWarnings;
  readonly #isExact: boolean;

  private constructor(
    writer: DatasetWriter,
    groups: Group[],
    columns: readonly SourceColumn[],
    { isByte, isExact, warnings }: { isByte: boolean; isExact: boolean; warnings: ImportWarnings },
  ) {
    this.#writer = writer;
    this.#isExact = isExact;
    this.#warnings = warnings;
    this.#groups = groups;
    this.#isByte = isByte;
    this.#targets = [];
    let next = 0;
    for (const [group, { width }] of groups.entries()) {
      for (let offset = 0; offset < width;) {
        const column = columns[next++] as SourceColumn;
        this.#targets.push({ column, group, offset });
        offset += column.width;
      }
    }
    const width = groups.reduce((sum, group) => sum + group.width, 0);
    this.#rowsPerBatch = Math.max(1, Math.floor(VALUES_PER_BATCH / width));
  }

  /** `groupsText` is the metadata's definition of column groups, if any. */
  static async create(
    job: Omit<ImportFile, "input">,
    columns: readonly SourceColumn[],
    groupsText?: string,
  ): Promise<TableSink> {
    if (columns.length === 0) throw new ImportError("the table has no columns");
    const warnings = new ImportWarnings();
    const groups = groupColumns(columns, groupsText, ({ name, width }) =>
      warnings.add(`columns '${excerpt(name)}_0' to '…_${width - 1}' are taken as one group, by their names`),
    );
    checkNames(groups);
    const isByte = columns.every((column) => column.isByte);
    let column = 0;
    const writer = await createDatasetFile(job.target, {
      rowsMax: job.rowsMax,
      bytesMax: job.bytesMax,
      name: job.name,
      type: isByte ? "uint8" : "float32",
      groups: groups.map(({ name, width }) => {
        column += width;
        return { name, column_start: column - width, column_end: column };
      }),
    });
    return new TableSink(writer, groups, columns, { isByte, isExact: job.exact === true, warnings });
  }

  /** Adds a warning about the file as a whole: a short sentence for the dataset's owner. */
  warn(sentence: string): void {
    this.#warnings.add(sentence);
  }

  /**
   * Counts a value that is missing in the file and already 0 here; `row` counts from 0 in the rows that are appended
   * next.
   */
  readonly countMissing = (column: SourceColumn, row: number): void => {
    this.#warnings.count("missing", column.name, { row: this.#writer.rowCount + row + 1 });
  };

  /** Appends rows: one array per column, in the order of the columns. */
  async append(rowCount: number, values: readonly ColumnValues[]): Promise<void> {
    for (let first = 0; first < rowCount; first += this.#rowsPerBatch) {
      const rows = Math.min(this.#rowsPerBatch, rowCount - first);
      const parts = this.#groups.map(({ width }) =>
        this.#isByte ? new Uint8Array(rows * width) : new Float32Array(rows * width),
      );
      for (const [index, { column, group, offset }] of this.#targets.entries()) {
        const stride = (this.#groups[group] as Group).width;
        const part = parts[group] as Uint8Array | Float32Array;
        const source = values[index] as ColumnValues;
        let from = first * column.width;
        for (let row = 0; row < rows; row++) {
          for (let at = row * stride + offset, end = at + column.width; at < end; at++, from++) {
            part[at] = this.#number(source[from], column, first + row);
          }
        }
      }
      await this.#writer.appendGroups(rows, parts);
    }
  }

  #number(value: number | bigint | boolean | null | undefined, column: SourceColumn, row: number): number {
    if (value === null || value === undefined) {
      this.countMissing(column, row);
      return 0;
    }
    const number = Number(value);
    const narrowed = this.#isByte ? number & 255 : Math.fround(number);
    if (this.#isByte ? narrowed !== number : !Number.isFinite(narrowed)) {
      const kind = this.#isByte ? "a byte" : "a finite 32-bit float";
      throw this.#refusal(column, row, `${number} is not ${kind}`);
    }
    if (narrowed !== value && typeof value !== "boolean") this.#noteChange(value, narrowed, { column, row });
    return narrowed;
  }

  #noteChange(value: number | bigint, became: number, { column, row }: { column: SourceColumn; row: number }): void {
    const change = changeBy32Bits(value, became);
    if (change === undefined) return;
    if (this.#isExact) throw this.#refusal(column, row, `${value} becomes ${became} as a 32-bit float`);
    this.#warnings.count(change, column.name, { row: this.#writer.rowCount + row + 1, value, became });
  }

  #refusal(column: SourceColumn, row: number, reason: string): ImportError {
    return new ImportError(`row ${this.#writer.rowCount + row + 1}, column '${column.name}': ${reason}`);
  }

  /** Resolves with the warnings. */
  async finish(): Promise<string[]> {
    if (this.#writer.rowCount === 0) throw new ImportError("the table has no rows");
    await this.#writer.finish();
    return this.#warnings.sentences();
  }

  abort(): Promise<void> {
    return this.#writer.abort();
  }
}
