import type { ColumnKind } from "../../encoders/cells.ts";
import { TableStatistics } from "../column-statistics.ts";
import type { ColumnFacts } from "../file/columns.ts";
import { createDatasetFile, type DatasetWriter } from "../file/writer.ts";
import { groupRuns } from "../groups-metadata.ts";
import { CsvBytes } from "./csv-bytes.ts";
import { kindOfReading, type ColumnGuess, type CsvColumn } from "./csv-column.ts";
import { readDialect, type CsvDialect } from "./csv-dialect.ts";
import { checkHeader } from "./csv-header.ts";
import type { CsvReader, LineEnds } from "./csv-reader.ts";
import { readHead, readPieces, type CsvSource } from "./csv-source.ts";
import { CsvTable, type TableOptions } from "./csv-table.ts";
import { ImportError, type ImportFile } from "./import-job.ts";
import { excerpt, ImportWarnings } from "./import-warnings.ts";
import { RowIndex } from "./row-index.ts";

/** Bytes of the first piece by which kinds are guessed; the next ones are longer and longer. */
const FIRST_BYTES = 1024;

/**
 * Imports CSV as float32. Every column is a group of its own, and a number, a category or a time by all of its cells:
 * the file is read with the kinds that its first rows suggest; when a later cell does not fit, the rest of the file
 * only tells the kinds, and the file is read once more. Resolves with the warnings. Throws ImportError that names row,
 * column and line.
 */
export async function importCsv(job: ImportFile): Promise<string[]> {
  const source = await readHead(job.input);
  const kind = job.kindOf?.(source.head);
  const isOther = kind !== undefined && kind.format !== "csv";
  const reason = isOther ? `the file is not CSV, but ${kind.name}: ${kind.advice}` : undefined;
  if (isOther && !kind.isText) throw new ImportError(reason as string);
  const dialect = readDialect(source.head, job);
  const guesses = guessKinds(job, source, dialect);
  const first = await readTable(job, source, { dialect, guesses, reason });
  if (typeof first[0] !== "object") return first as string[];
  const second = await readTable(job, source, { dialect, guesses: first as ColumnGuess[], reason });
  if (typeof second[0] === "object") throw new ImportError("the file changes while it is read");
  return second as string[];
}

/** The options of a table in this file. */
function tableOptions(job: ImportFile, { delimiter, decimal }: CsvDialect): TableOptions {
  return {
    hasHeader: job.has_header,
    isExact: job.exact === true,
    delimiter,
    decimal,
    missing: job.missing,
    drop: job.drop ?? [],
    kinds: new Map(Object.entries(job.kinds ?? {})),
  };
}

/** What the first rows suggest for each column; nothing when they cannot be read. */
function guessKinds(job: ImportFile, { head }: CsvSource, dialect: CsvDialect): ColumnGuess[] {
  const table = new CsvTable(new ImportWarnings(), { ...tableOptions(job, dialect), isSurvey: true });
  const reader = new CsvBytes(table, dialect.encoding);
  try {
    // Plain numbers tell nothing new about a column of numbers, so that only the first rows have to be read as text.
    // The row that may be cut is not ended.
    for (let at = 0, length = FIRST_BYTES; at < head.length; at += length, length *= 2) {
      reader.write(head.subarray(at, at + length));
    }
  } catch (error) {
    // Another reading finds it in its place.
    if (!(error instanceof ImportError)) throw error;
  }
  return table.guesses;
}

/** Reads the file once. Resolves with the warnings, or with better guesses. */
async function readTable(
  job: ImportFile,
  source: CsvSource,
  { dialect, guesses, reason }: { dialect: CsvDialect; guesses: ColumnGuess[]; reason: string | undefined },
): Promise<string[] | ColumnGuess[]> {
  const warnings = new ImportWarnings();
  if (source.isGzip) warnings.add("the file is packed with gzip");
  for (const note of dialect.notes) warnings.add(note);
  const table = new CsvTable(warnings, { ...tableOptions(job, dialect), guesses });
  const bytes = new CsvBytes(table, dialect.encoding);
  let target: CsvTarget | undefined;
  try {
    const take = async () => {
      if (table.names === undefined || table.isSurvey) return;
      target ??= await CsvTarget.create(job, table, warnings);
      for (const values of table.drain()) await target.append(values);
    };
    for await (const piece of readPieces(job.input, source.isGzip)) {
      bytes.write(piece);
      await take();
    }
    bytes.end();
    await take();
    if (table.isSurvey) {
      await target?.abort();
      return table.guesses;
    }
    if (target === undefined) throw new ImportError("the file is empty");
    await target.finish(reason);
  } catch (error) {
    await target?.abort();
    throw error;
  }
  warnOfLines(bytes, warnings);
  return warnings.sentences();
}

/** The dataset that a table of CSV becomes. */
class CsvTarget {
  readonly #writer: DatasetWriter;
  readonly #job: ImportFile;
  readonly #table: CsvTable;
  readonly #columns: readonly CsvColumn[];
  readonly #warnings: ImportWarnings;
  readonly #statistics: TableStatistics;
  readonly #index: RowIndex;
  /** Width of each column group. */
  readonly #widths: readonly number[];

  private constructor(
    job: ImportFile,
    table: CsvTable,
    target: { writer: DatasetWriter; widths: number[]; columns: CsvColumn[]; warnings: ImportWarnings },
  ) {
    const { writer, widths, columns, warnings } = target;
    this.#job = job;
    this.#table = table;
    this.#writer = writer;
    this.#widths = widths;
    this.#columns = columns;
    this.#warnings = warnings;
    const kinds = columns.map(({ kind }): ColumnKind | undefined => kindOfReading(kind));
    let column = 0;
    for (const width of widths) {
      if (width > 1) kinds.fill(undefined, column, column + width);
      column += width;
    }
    this.#statistics = new TableStatistics(kinds);
    this.#index = new RowIndex(columns.map(({ name, kind }) => ({ name, isNumber: kind === "number" })));
  }

  static async create(job: ImportFile, table: CsvTable, warnings: ImportWarnings): Promise<CsvTarget> {
    const columns = table.columns.filter((column) => column !== undefined);
    const groups = groupsOf(table, columns, warnings);
    let end = 0;
    const writer = await createDatasetFile(job.target, {
      rowsMax: job.rowsMax,
      bytesMax: job.bytesMax,
      name: job.name,
      type: "float32",
      groups: groups.map(({ name, width }) => {
        end += width;
        return { name, column_start: end - width, column_end: end };
      }),
    });
    return new CsvTarget(job, table, { writer, widths: groups.map(({ width }) => width), columns, warnings });
  }

  /** Appends rows of values, `[rows × columns]`, which may be changed. */
  async append(values: Float32Array): Promise<void> {
    this.#index.see(values);
    this.#statistics.addRows(values, this.#columns.length);
    if (this.#widths.length < this.#columns.length) this.#clearMissing(values);
    await this.#writer.append(values);
  }

  /** In a group of several columns, a missing cell is 0. */
  #clearMissing(values: Float32Array): void {
    const columns = this.#columns.length;
    let column = 0;
    for (const width of this.#widths) {
      for (const end = column + width; column < end; column++) {
        if (width === 1) continue;
        for (let at = column; at < values.length; at += columns) if (Number.isNaN(values[at])) values[at] = 0;
      }
    }
  }

  /** `reason` tells why the file is hardly CSV, if its first bytes say so: it may be a table of numbers only. */
  async finish(reason: string | undefined): Promise<void> {
    const { has_header: hasHeader } = this.#job;
    if (this.#writer.rowCount === 0) {
      throw new ImportError(hasHeader === false ? "the file has no rows" : "the file has a header, but no rows");
    }
    const readings = this.#table.finish();
    const hasTexts = readings.some(({ kind }) => kind === "category");
    if (hasTexts && reason !== undefined) throw new ImportError(reason);
    const { header, columns } = this.#table;
    if (header !== undefined && hasHeader === undefined && readings.length === columns.length) {
      checkHeader(
        header,
        readings.map(({ categories }) => categories),
      );
    }
    this.#index.warn(this.#warnings);
    let column = 0;
    const facts = this.#widths.map((width): ColumnFacts | undefined => {
      column += width;
      return width === 1 ? this.#statistics.facts(column - 1, readings[column - 1]!) : undefined;
    });
    await this.#writer.finish(facts);
  }

  abort(): Promise<void> {
    return this.#writer.abort();
  }
}

/**
 * The column groups. Columns `name_0`, `name_1`, … are one group where our own download says so: there, and only there,
 * the names of such columns are in quotes, and no other name is without need.
 */
function groupsOf(
  { header }: CsvTable,
  columns: readonly CsvColumn[],
  warnings: ImportWarnings,
): { name: string; width: number }[] {
  const singles = columns.map(({ name }) => ({ name, width: 1 }));
  const needsQuotes = (name: string) => /[",\r\n]/.test(name) || name !== name.trim();
  const quoted = new Set(header?.quoted.map((column) => header.cells[column] as string));
  if (quoted.size === 0) return singles;
  const groups = groupRuns(singles);
  let next = 0;
  const isOurs = groups.every(({ width }) => {
    const members = columns.slice(next, (next += width));
    return width === 1
      ? members.every(({ name }) => !quoted.has(name) || needsQuotes(name))
      : members.every(({ name, kind }) => quoted.has(name) && kind === "number");
  });
  if (!isOurs) return singles;
  for (const { name, width } of groups) {
    if (width > 1)
      warnings.add(`columns '${excerpt(name)}_0' to '…_${width - 1}' are taken as one group, by their names`);
  }
  return groups;
}

function warnOfLines(
  { lineEnds, broken }: { lineEnds: LineEnds; broken: CsvReader["broken"] },
  warnings: ImportWarnings,
) {
  const { count, line } = broken;
  const cells = count === 1 ? "1 cell holds a line break" : `${count} cells hold line breaks`;
  if (count > 0) warnings.add(`${cells}; the first is in line ${line}`);
  const kinds = Object.entries(lineEnds).filter(([, each]) => each > 0);
  if (kinds.length < 2) return;
  warnings.add(
    `the line ends are mixed (${kinds.map(([kind, each]) => `${each} × ${kind}`).join(", ")}): each ends a row`,
  );
}
