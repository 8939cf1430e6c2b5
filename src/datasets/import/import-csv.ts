import { createReadStream } from "node:fs";
import { TextDecoder } from "node:util";
import { createDatasetFile, type DatasetWriter } from "../file/writer.ts";
import { CsvReader } from "./csv-reader.ts";
import { CsvTable } from "./csv-table.ts";
import { ImportError, type ImportFile } from "./import-job.ts";
import { ImportWarnings } from "./import-warnings.ts";

const READ_BYTES = 256 * 1024;

/**
 * Imports CSV as float32, every column as a group of its own. Empty cells and `null` become 0, with a warning; `true`
 * is 1, `false` is 0 (any case). Resolves with the warnings. Throws ImportError that names row, column and line.
 */
export async function importCsv(job: ImportFile): Promise<string[]> {
  const warnings = new ImportWarnings();
  const table = new CsvTable(warnings, { hasHeader: job.has_header, isExact: job.exact === true });
  const reader = new CsvReader((row) => table.take(row));
  let writer: DatasetWriter | undefined;
  try {
    for await (const text of readText(job.input)) {
      if (text === undefined) reader.end();
      else reader.write(text);
      if (table.names === undefined) continue;
      writer ??= await createDatasetFile(job.target, {
        rowsMax: job.rowsMax,
        bytesMax: job.bytesMax,
        name: job.name,
        type: "float32",
        groups: table.names.map((name, column) => ({ name, column_start: column, column_end: column + 1 })),
      });
      for (const values of table.drain()) await writer.append(values);
    }
    if (writer === undefined) throw new ImportError("the file is empty");
    if (writer.rowCount === 0) {
      throw new ImportError(job.has_header === false ? "the file has no rows" : "the file has a header, but no rows");
    }
    await writer.finish();
  } catch (error) {
    await writer?.abort();
    throw error;
  }
  table.finish();
  warnOfLineEnds(reader.lineEnds, warnings);
  return warnings.sentences();
}

/** Reads the file in pieces, decoded by its byte order mark or else as UTF-8; undefined marks the end. */
async function* readText(path: string): AsyncGenerator<string | undefined> {
  let decoder: TextDecoder | undefined;
  for await (const piece of createReadStream(path, { highWaterMark: READ_BYTES })) {
    const bytes = piece as Buffer;
    decoder ??= new TextDecoder(encodingOf(bytes));
    yield decoder.decode(bytes, { stream: true });
  }
  yield decoder?.decode() ?? "";
  yield undefined;
}

function encodingOf(start: Buffer): string {
  if (start[0] === 0xff && start[1] === 0xfe) return "utf-16le";
  if (start[0] === 0xfe && start[1] === 0xff) return "utf-16be";
  return "utf-8";
}

function warnOfLineEnds(lineEnds: CsvReader["lineEnds"], warnings: ImportWarnings): void {
  const kinds = Object.entries(lineEnds).filter(([, count]) => count > 0);
  if (kinds.length < 2) return;
  warnings.add(
    `the line ends are mixed (${kinds.map(([kind, count]) => `${count} × ${kind}`).join(", ")}): each ends a row`,
  );
}
