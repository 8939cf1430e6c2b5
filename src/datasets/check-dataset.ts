import type { Context } from "../app-context.ts";
import { badRequest } from "../errors.ts";
import { checkExists } from "./open-dataset.ts";
import { findDataset } from "./find-dataset.ts";
import type { DatasetRow } from "../db/rows.ts";
import { DatasetFileError, type ColumnGroup } from "./file/layout.ts";
import { openDatasetFile, type DatasetReader } from "./file/reader.ts";
import { datasetPath } from "../files/storage.ts";
import { isMissing } from "../files/is-missing.ts";

const BATCH_VALUES = 1_048_576;

/** A group of the result and the group of the reference that it is compared with; both have the same width. */
interface Pair {
  result: string;
  reference: string;
  width: number;
}

/**
 * Accuracy of a classifier: the percentage of correct rows, as a single-precision value. In every row each group of the
 * result is replaced by the one-hot vector of its maximum (the first one wins a tie; a single column becomes 1 from 0.5
 * on, else 0) and must then equal its reference group: the group of the same name, else `label`, else the last one of
 * the same width. Rows beyond the end of the shorter dataset do not count.
 */
export async function checkDataset(
  context: Context,
  { uuid, reference_uuid }: { uuid: string; reference_uuid: string },
): Promise<number> {
  const resultRow = await findDataset(context, uuid, "Dataset");
  const referenceRow = await findDataset(context, reference_uuid, "Dataset");
  const unfitResult = () => badRequest(`Dataset with result with UUID '${uuid}' is invalid and can not be checked`);
  const unfitReference = () => badRequest(`Dataset with UUID '${reference_uuid}' is invalid and can not be compared`);

  const result = await openReady(context, resultRow, unfitResult);
  try {
    const reference = await openReady(context, referenceRow, unfitReference);
    try {
      const pairs = pairGroups(result.groups, reference.groups);
      if (pairs === undefined) throw unfitReference();
      const rows = Math.min(result.rowCount, reference.rowCount);
      const correct = await countCorrect(result, reference, pairs, rows);
      return Math.fround(Math.fround(correct / rows) * 100);
    } catch (error) {
      if (!(error instanceof DatasetFileError)) throw error;
      context.app.log.error({ err: error, datasets: [uuid, reference_uuid] }, "a dataset file cannot be read");
      throw unfitReference();
    } finally {
      await reference.close();
    }
  } finally {
    await result.close();
  }
}

async function openReady({ app }: Context, row: DatasetRow, unfit: () => Error): Promise<DatasetReader> {
  if (row.state !== "ready") throw unfit();
  let reader: DatasetReader;
  try {
    reader = await openDatasetFile(datasetPath(app.storage, row.uuid));
  } catch (error) {
    if (isMissing(error)) await checkExists(app, row.uuid, "Dataset");
    app.log.error({ err: error, dataset: row.uuid }, "a dataset file cannot be read");
    throw unfit();
  }
  if (reader.rowCount > 0 && reader.columnCount > 0) return reader;
  await reader.close();
  throw unfit();
}

function pairGroups(results: readonly ColumnGroup[], references: readonly ColumnGroup[]): Pair[] | undefined {
  const widthOf = (group: ColumnGroup) => group.column_end - group.column_start;
  const byName = new Map(references.map((reference) => [reference.name, reference]));
  const lastOfWidth = new Map(references.map((reference) => [widthOf(reference), reference]));
  const pairs: Pair[] = [];
  for (const result of results) {
    const width = widthOf(result);
    const named = [byName.get(result.name), byName.get("label")];
    const reference = named.find((each) => each && widthOf(each) === width) ?? lastOfWidth.get(width);
    if (reference === undefined) return undefined;
    pairs.push({ result: result.name, reference: reference.name, width });
  }
  return pairs;
}

async function countCorrect(result: DatasetReader, reference: DatasetReader, pairs: Pair[], rows: number) {
  const widest = Math.max(1, ...pairs.map(({ width }) => width));
  const batch = Math.max(1, Math.floor(BATCH_VALUES / widest));
  let correct = 0;
  for (let first = 0; first < rows; first += batch) {
    const count = Math.min(batch, rows - first);
    const isWrong = new Uint8Array(count);
    for (const pair of pairs) {
      const given = await result.readGroup(pair.result, first, count);
      const expected = await reference.readGroup(pair.reference, first, count);
      for (let row = 0; row < count; row++) {
        if (!isRowRight(given, expected, row * pair.width, pair.width)) isWrong[row] = 1;
      }
    }
    for (const wrong of isWrong) correct += 1 - wrong;
  }
  return correct;
}

type Values = Uint8Array | Float32Array;

function isRowRight(given: Values, expected: Values, start: number, width: number): boolean {
  if (width === 1) return ((given[start] as number) >= 0.5 ? 1 : 0) === expected[start];
  let best = 0;
  for (let column = 1; column < width; column++) {
    if ((given[start + column] as number) > (given[start + best] as number)) best = column;
  }
  for (let column = 0; column < width; column++) {
    if (expected[start + column] !== (column === best ? 1 : 0)) return false;
  }
  return true;
}
