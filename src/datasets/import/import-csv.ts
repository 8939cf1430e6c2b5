import { open } from "node:fs/promises";
import { createDatasetFile, type DatasetWriter } from "../file/writer.ts";
import { CsvBytes } from "./csv-bytes.ts";
import type { LineEnds } from "./csv-reader.ts";
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
  const bytes = new CsvBytes(table);
  let writer: DatasetWriter | undefined;
  try {
    for await (const piece of readPieces(job.input)) {
      if (piece === undefined) bytes.end();
      else bytes.write(piece);
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
  warnOfLineEnds(bytes.lineEnds, warnings);
  return warnings.sentences();
}

/** The pieces of a file, each in the same memory, and undefined at the end. */
async function* readPieces(path: string): AsyncGenerator<Buffer | undefined> {
  const file = await open(path);
  try {
    const memory = Buffer.alloc(READ_BYTES);
    for (;;) {
      const { bytesRead } = await file.read(memory, 0, READ_BYTES);
      if (bytesRead === 0) break;
      yield memory.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
  yield undefined;
}

function warnOfLineEnds(lineEnds: LineEnds, warnings: ImportWarnings): void {
  const kinds = Object.entries(lineEnds).filter(([, count]) => count > 0);
  if (kinds.length < 2) return;
  warnings.add(
    `the line ends are mixed (${kinds.map(([kind, count]) => `${count} × ${kind}`).join(", ")}): each ends a row`,
  );
}
