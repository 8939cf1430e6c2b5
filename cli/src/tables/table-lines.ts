import { CsvSplitter, type CsvDialect, type SplitRow } from "hanami-sdk";
import type { CsvBytes } from "./csv-bytes.ts";

/** A row of a file: the names, a row of the table, or one that the server leaves out. */
export interface TableLine extends SplitRow {
  kind: "names" | "row" | "left out";
}

const isEmptyLine = ({ cells }: SplitRow) => cells.length === 1 && cells[0] === "";
const isEmptyRow = ({ cells }: SplitRow) => cells.every((cell) => cell === "");

/**
 * The rows of a CSV file as the server takes them: empty lines are left out, except in a table of one column, and so
 * are rows of nothing but delimiters behind the last other row.
 */
export async function* tableLines(bytes: CsvBytes, { delimiter }: CsvDialect): AsyncGenerator<TableLine> {
  const splitter = new CsvSplitter(delimiter);
  let columns = 0;
  let waiting: SplitRow[] = [];
  const take = function* (rows: readonly SplitRow[]): Generator<TableLine> {
    for (const row of rows) {
      if (columns === 0) {
        if (!isEmptyLine(row)) columns = row.cells.length;
        yield { ...row, kind: columns === 0 ? "left out" : "names" };
      } else if (columns > 1 && isEmptyRow(row)) waiting.push(row);
      else {
        yield* waitingLines("row");
        yield { ...row, kind: "row" };
      }
    }
  };
  const waitingLines = function* (kind: TableLine["kind"]): Generator<TableLine> {
    for (const row of waiting) yield { ...row, kind: isEmptyLine(row) ? "left out" : kind };
    waiting = [];
  };
  for await (const piece of bytes.pieces()) yield* take(splitter.write(piece));
  yield* take(splitter.end());
  yield* waitingLines("left out");
}
