import type { Context } from "../app-context.ts";
import { badRequest, notFound } from "../errors.ts";
import { findDataset } from "./find-dataset.ts";
import { invalidText, openFile, unreadable } from "./open-dataset.ts";
import { DatasetFileError } from "./file/layout.ts";

/** Maximum number of values in one answer: twice those in 10000 rows of MNIST. */
const MAX_VALUES = 16_777_216;

export interface ContentInput {
  uuid: string;
  column_name: string;
  row_offset: number;
  number_of_rows: number;
}

/** Values row by row: `[rowCount × width]`. Times are seconds from 1970 on; missing cells are 0. */
export interface Content {
  values: Uint8Array | Float32Array | Float64Array;
  width: number;
  rowCount: number;
}

/** Reads consecutive rows of one column group. Throws 404 or 400 with the contract's texts. */
export async function readContent(context: Context, input: ContentInput): Promise<Content> {
  const { app } = context;
  const { uuid, column_name, row_offset, number_of_rows } = input;
  const row = await findDataset(context, uuid, "Dataset");
  if (row.state !== "ready") throw badRequest(invalidText(uuid));
  const reader = await openFile(app, row.uuid, "Dataset");
  try {
    const group = reader.group(column_name);
    if (group === undefined) {
      throw notFound(`Column with name '${column_name}' was not found in dataset with UUID '${uuid}'`);
    }
    const end = row_offset + number_of_rows;
    if (end > reader.rowCount) {
      // The contract defines the first sentence; the second one explains the error.
      const asked = `rows ${row_offset} to ${end - 1}, counted from 0, were asked for`;
      throw badRequest(`${invalidText(uuid)} It has ${reader.rowCount} rows, and ${asked}.`);
    }
    const width = group.column_end - group.column_start;
    if (number_of_rows * width > MAX_VALUES) {
      throw badRequest(`${number_of_rows} rows of ${width} columns are more than ${MAX_VALUES} values`);
    }
    const facts = reader.columns[reader.groups.indexOf(group)];
    const values = await reader.readGroup(column_name, row_offset, number_of_rows);
    if (facts?.kind !== "time") return { values, width, rowCount: number_of_rows };
    const cells = new Float32Array(number_of_rows);
    await reader.fillCells(cells, column_name, row_offset, number_of_rows);
    const times = Float64Array.from(cells, (cell) => (Number.isNaN(cell) ? 0 : facts.origin + cell));
    return { values: times, width, rowCount: number_of_rows };
  } catch (error) {
    throw error instanceof DatasetFileError ? unreadable(app, row.uuid, error) : error;
  } finally {
    await reader.close();
  }
}
