import { open } from "node:fs/promises";
import { readBatch } from "./arrow-batch.ts";
import { readSchema } from "./arrow-schema.ts";
import { openArrow } from "./arrow-source.ts";
import { ImportError, type ImportFile } from "./import-job.ts";
import { TableSink } from "./table-sink.ts";

/**
 * Imports an Arrow table (an IPC stream, an IPC file or Feather version 2) batch by batch. Columns are numbers,
 * booleans, or fixed-size lists of these. A table of only bytes and booleans stays bytes. Resolves with the warnings.
 * Throws ImportError for anything else.
 */
export async function importArrow(job: ImportFile): Promise<string[]> {
  const file = await open(job.input, "r");
  let sink: TableSink | undefined;
  try {
    const source = await openArrow(file);
    const schema = readSchema(source.schema);
    sink = await TableSink.create(job, schema.columns, schema.groupsText);
    for await (const { batch, body } of source.batches) {
      const { count, values } = readBatch(batch, body, schema, sink.countMissing);
      await sink.append(count, values);
    }
    return await sink.finish();
  } catch (error) {
    await sink?.abort();
    // Something lies outside of its valid range.
    if (error instanceof RangeError) {
      throw new ImportError(`the file is not Arrow, or it is damaged: ${error.message}`);
    }
    throw error;
  } finally {
    await file.close();
  }
}
