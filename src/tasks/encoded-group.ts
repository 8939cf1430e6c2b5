import { setImmediate } from "node:timers/promises";
import { columnWarnings } from "../clusters/column-warnings.ts";
import type { DatasetReader } from "../datasets/file/reader.ts";
import type { ColumnBinding, TableBinding } from "../db/schema/index.ts";
import { bindTable, widthOf, type TableEncoder } from "../encoders/table-encoder.ts";
import { bindTarget, truthReader, widthOfTarget, type FittedTarget } from "../encoders/targets.ts";
import { CountedRows } from "./counted-rows.ts";
import { noColumn, type RowGroup } from "./row-group.ts";
import { meaningsOf, namesOf } from "./table-columns.ts";
import { damaged } from "./task-datasets.ts";

/** Cells that are read at once, and those that are encoded without a pause: some milliseconds at most. */
const CELLS_READ = 1_048_576;
const CELLS_ENCODED = 65_536;

/** Encoded rows, and what a user should know about them. */
export interface EncodedGroup extends RowGroup {
  /** What was missing, ignored or unknown so far, one sentence each. */
  warnings(): string[];
}

/** The rows of a dataset's columns as values of a `(table)` input. Throws EncoderError for columns of other kinds. */
export function tableGroup(
  reader: DatasetReader,
  { binding, targets }: { binding: TableBinding; targets: readonly string[] },
  { encoder, indices }: { encoder: TableEncoder; indices: readonly number[] },
): EncodedGroup {
  const names = namesOf(binding, reader, targets);
  const meanings = meaningsOf(reader, names);
  for (const name of names) if (reader.group(name) === undefined) throw noColumn(binding.dataset_uuid, name);
  const columns = encoder.columns.map(({ name }) => meanings.get(name));
  const bound = bindTable(encoder, columns);
  const width = widthOf(encoder);
  const rowsOf = (cells: number) => Math.max(1, Math.floor(cells / Math.max(1, columns.length)));
  const [rowsRead, rowsEncoded] = [rowsOf(CELLS_READ), rowsOf(CELLS_ENCODED)];
  const counted = new CountedRows(bound.unknown);
  return {
    indices,
    width,
    type: "float32",
    warnings: () => tableWarnings(encoder, meanings, counted.unknown),
    async fill(target, first, count) {
      for (let done = 0; done < count; done += rowsRead) {
        const rows = Math.min(rowsRead, count - done);
        const cells = await cellsOfColumns(reader, columns, first + done, rows);
        for (const { at, count: part } of counted.runs(first + done, rows, rowsEncoded)) {
          const from = done + at;
          const some = cells.map((values) => values?.subarray(at, at + part));
          counted.note(first + from, part, () =>
            bound.encode(some, part, (target as Float32Array).subarray(from * width, (from + part) * width)),
          );
          if (rows > rowsEncoded) await setImmediate();
        }
      }
    },
  };
}

function tableWarnings(
  encoder: TableEncoder,
  meanings: ReadonlyMap<string, unknown>,
  unknown: ReadonlyMap<string, number>,
): string[] {
  const known = new Set(encoder.columns.map(({ name }) => name));
  const missing = [...known].filter((name) => !meanings.has(name));
  const extra = [...meanings.keys()].filter((name) => !known.has(name));
  return columnWarnings({ missing, extra, unknown, place: "in this dataset" });
}

/** The cells of a dataset's column as expected values of a `(class)` or `(number)` output. */
export function targetGroup(
  reader: DatasetReader,
  { dataset_uuid: uuid, dataset_column: name }: ColumnBinding,
  { target: fitted, indices }: { target: FittedTarget; indices: readonly number[] },
): EncodedGroup {
  const meaning = meaningsOf(reader, [name]).get(name);
  if (meaning === undefined) throw noColumn(uuid, name);
  const bound = bindTarget(fitted, meaning);
  const width = widthOfTarget(fitted);
  const beyond = new Map<string, number>();
  const counted = new CountedRows(beyond);
  return {
    indices,
    width,
    type: "float32",
    warnings: () => [...counted.unknown].map(([column, count]) => beyondSentence(column, count)),
    async fill(target, first, count) {
      const [cells] = await cellsOfColumns(reader, [meaning], first, count);
      for (const { at, count: part } of counted.runs(first, count, CELLS_ENCODED)) {
        counted.note(first + at, part, () => {
          const values = (target as Float32Array).subarray(at * width, (at + part) * width);
          bound.encode((cells as Float32Array).subarray(at, at + part), part, values);
          beyond.set(name, bound.beyond);
        });
      }
    },
  };
}

const beyondSentence = (name: string, count: number) =>
  `column '${name}': ${count === 1 ? "1 target is" : `${count} targets are`} beyond the range of the first training, ` +
  "or far from all others, and learnt as the nearest one within";

/** The cells of a target's column as what answers are compared with, see `truthReader`. */
export function truthGroup(
  reader: DatasetReader,
  { dataset_uuid: uuid, dataset_column: name }: ColumnBinding,
  { target: fitted, indices }: { target: FittedTarget; indices: readonly number[] },
): RowGroup {
  const meaning = meaningsOf(reader, [name]).get(name);
  if (meaning === undefined) throw noColumn(uuid, name);
  const read = truthReader(fitted, meaning);
  return {
    indices,
    width: 1,
    type: "float32",
    async fill(target, first, count) {
      const [cells] = await cellsOfColumns(reader, [meaning], first, count);
      for (let row = 0; row < count; row++) target[row] = read((cells as Float32Array)[row] as number);
    },
  };
}

/** The cells of each column, undefined for a column that is not there. Missing cells are NaN. */
export async function cellsOfColumns(
  reader: DatasetReader,
  columns: readonly ({ name: string } | undefined)[],
  first: number,
  count: number,
): Promise<(Float32Array | undefined)[]> {
  const memory = new Float32Array(columns.length * count);
  const cells: (Float32Array | undefined)[] = [];
  for (const [index, column] of columns.entries()) {
    const values = memory.subarray(index * count, (index + 1) * count);
    try {
      if (column !== undefined) await reader.fillCells(values, column.name, first, count);
    } catch (error) {
      throw damaged(reader.name, error);
    }
    cells.push(column === undefined ? undefined : values);
  }
  return cells;
}
