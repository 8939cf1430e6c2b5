import { open } from "node:fs/promises";
import { readBatch, readDictionary } from "./arrow-batch.ts";
import { readSchema } from "./arrow-schema.ts";
import { openArrow } from "./arrow-source.ts";
import { ImportError, type ImportFile } from "./import-job.ts";
import { TableSink, withFloats, type TableJob } from "./table-sink.ts";

/**
 * Imports an Arrow table (an IPC stream, an IPC file or Feather version 2) batch by batch. Columns are numbers,
 * booleans, texts, dates, times, or fixed-size lists of numbers. A table of only bytes and booleans stays bytes.
 * Resolves with the warnings. Throws ImportError for anything else.
 */
export function importArrow(job: ImportFile): Promise<string[]> {
  return withFloats((needsFloats) => readTable({ ...job, needsFloats }));
}

async function readTable(job: ImportFile & TableJob): Promise<string[]> {
  const file = await open(job.input, "r");
  let sink: TableSink | undefined;
  try {
    const source = await openArrow(file);
    const schema = readSchema(source.schema);
    sink = await TableSink.create(job, schema.columns, schema.groupsText);
    const texts = new Map<number, readonly string[]>();
    for await (const { dictionary, batch, body } of source.batches) {
      if (dictionary !== undefined) {
        const before = dictionary.isDelta ? (texts.get(dictionary.id) ?? []) : [];
        const known = schema.dictionaries.get(dictionary.id);
        // One that no column uses is skipped.
        if (known !== undefined) texts.set(dictionary.id, [...before, ...readDictionary(batch, body, known, schema)]);
        continue;
      }
      const { count, values } = readBatch(batch, body, schema, { onMissing: sink.countMissing, texts });
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
