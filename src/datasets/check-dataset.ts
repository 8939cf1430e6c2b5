import type { Context } from "../app-context.ts";
import { badRequest } from "../errors.ts";
import { checkExists } from "./open-dataset.ts";
import { findDataset } from "./find-dataset.ts";
import type { DatasetRow } from "../db/rows.ts";
import { type ClassPair, classPairs, NoClassesError, readCells } from "./class-pairs.ts";
import { DatasetFileError } from "./file/layout.ts";
import { openDatasetFile, type DatasetReader } from "./file/reader.ts";
import { datasetPath } from "../files/storage.ts";
import { isMissing } from "../files/is-missing.ts";

const BATCH_VALUES = 1_048_576;

/**
 * Accuracy of a classifier: the percentage of correct rows, as a single-precision value. A row is correct when each
 * group of the result answers the class of its reference group, see `classPairs`. The answer of several values is the
 * first of the highest, that of a single column is its category, 1 from 0.5 on and else 0 where the reference has no
 * other numbers, and otherwise the nearest whole number. Rows beyond the end of the shorter dataset do not count, nor
 * do those whose class is missing.
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
      const rows = Math.min(result.rowCount, reference.rowCount);
      const pairs = await classPairs(result, reference, rows);
      if (pairs === undefined) throw unfitReference();
      const { correct, counted } = await countCorrect(result, reference, pairs, rows);
      if (counted === 0) throw unfitReference();
      return Math.fround(Math.fround(correct / counted) * 100);
    } catch (error) {
      if (error instanceof NoClassesError)
        throw badRequest(`${unfitReference().message}: ${error.message}; POST /task/evaluate measures numbers`);
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

async function countCorrect(
  result: DatasetReader,
  reference: DatasetReader,
  pairs: readonly ClassPair[],
  rows: number,
): Promise<{ correct: number; counted: number }> {
  const widest = Math.max(1, ...pairs.map((pair) => Math.max(pair.result.width, pair.reference.width)));
  const batch = Math.max(1, Math.floor(BATCH_VALUES / widest));
  let [correct, missing] = [0, 0];
  for (let first = 0; first < rows; first += batch) {
    const count = Math.min(batch, rows - first);
    const isWrong = new Uint8Array(count);
    const isMissing = new Uint8Array(count);
    for (const pair of pairs) {
      const given = await readCells(result, pair.result, first, count);
      const expected = await readCells(reference, pair.reference, first, count);
      for (let row = 0; row < count; row++) {
        const truth = pair.truth(expected, row * pair.reference.width);
        if (Number.isNaN(truth)) isMissing[row] = 1;
        else if (pair.answer(given, row * pair.result.width) !== truth) isWrong[row] = 1;
      }
    }
    for (let row = 0; row < count; row++) {
      if (isMissing[row] === 1) missing += 1;
      else correct += 1 - isWrong[row]!;
    }
  }
  return { correct, counted: rows - missing };
}
