import type { Context } from "../app-context.ts";
import { badRequest, notFound } from "../errors.ts";
import { runExport } from "./export/run-export.ts";
import { selectGroups } from "./export/table.ts";
import { downloadIn, type ExportFormat } from "./formats.ts";
import type { DatasetRow } from "../db/rows.ts";
import { checkExists, openDataset } from "./open-dataset.ts";
import { datasetPath } from "../files/storage.ts";

export interface DatasetDownload {
  row: DatasetRow;
  /** The caller must consume or end it. */
  pieces: AsyncIterable<Uint8Array>;
  /** Undefined when the format does not fix the size in advance. */
  bytes: number | undefined;
}

/**
 * Exports a whole dataset, or one of its column groups, as a file. Throws 404 for an unknown dataset or group, 400 when
 * the dataset is incomplete or does not fit the format, 409 when too many downloads are running.
 */
export async function downloadDataset(
  context: Context,
  input: { uuid: string; format: ExportFormat; column_name?: string | undefined },
): Promise<DatasetDownload> {
  const { uuid, format, column_name } = input;
  const { row, reader } = await openDataset(context, uuid);
  await reader.close();
  if (column_name !== undefined && reader.group(column_name) === undefined) {
    throw notFound(`Column with name '${column_name}' was not found in dataset with UUID '${uuid}'`);
  }
  const groups = selectGroups(reader.groups, column_name);
  if (groups.length === 0) throw badRequest(`Data-set with uuid '${uuid}' has no columns`);
  const download = downloadIn(format);
  const names = download.names(groups);
  checkNamesDiffer(names);
  if (names.length > (download.namesMax ?? Infinity)) {
    throw badRequest(`${names.length} columns are too many for ${format}: at most ${download.namesMax} are possible`);
  }
  const columnCount = groups.reduce((sum, { width }) => sum + width, 0);
  const bytes = download.bytes?.({ type: reader.type, rowCount: reader.rowCount, columnCount });
  const path = datasetPath(context.app.storage, row.uuid);
  const pieces = runExport({ path, format, group: column_name }, context.caller);
  return { row, bytes, pieces: await begin(pieces, () => checkExists(context.app, row.uuid)) };
}

/**
 * Waits for the first piece, then returns all pieces. On an error it calls `check`, because the dataset may have been
 * deleted.
 */
async function begin(
  pieces: AsyncIterable<Uint8Array>,
  check: () => Promise<void>,
): Promise<AsyncIterable<Uint8Array>> {
  const iterator = pieces[Symbol.asyncIterator]();
  const first = iterator.next();
  await first.catch(check);
  let isFirst = true;
  return {
    [Symbol.asyncIterator]: () => ({
      next() {
        const next = isFirst ? first : iterator.next();
        isFirst = false;
        return next;
      },
      return: async () => iterator.return?.() ?? { done: true, value: undefined },
    }),
  };
}

/** A group `a` of two columns and a group `a_0` would yield two columns of the same name. */
function checkNamesDiffer(names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) {
      throw badRequest(`Two columns would have the name '${name}': download the column groups one by one, or as arrow`);
    }
    seen.add(name);
  }
}
