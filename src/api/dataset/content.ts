import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import { readContent, type Content } from "../../datasets/read-content.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";
import { StreamAnswer } from "../stream-answer.ts";
import { validationTexts as texts } from "../validation-texts.ts";

/** Become text in about 2 ms. */
const VALUES_PER_PIECE = 16_384;

export const getContentRoute = route({
  method: "GET",
  path: "/dataset/content",
  summary: "Download rows of one column group of a dataset.",
  input: z.object({
    uuid: fields.uuid,
    column_name: fields.columnName,
    row_offset: fields.int(0, 1_000_000_000).default(0),
    number_of_rows: fields.int(1, 10_000).default(1),
  }),
  output: z.object({ data: z.array(z.array(z.number())) }),
  errors: {
    400: [
      texts.name("column_name", "{reason}"),
      "Dataset with UUID '{uuid}' is invalid and can not be read.",
      "Dataset with UUID '{uuid}' is invalid and can not be read. It has {number} rows, and rows {number} to {number}, counted from 0, were asked for.",
      "{number} rows of {number} columns are more than {number} values",
    ],
    404: [
      "Dataset with uuid '{uuid}' not found",
      "Column with name '{name}' was not found in dataset with UUID '{uuid}'",
    ],
  },
  handler: async (context, input) => {
    const content = await readContent(context, input);
    if (content.values.length > VALUES_PER_PIECE) return new StreamAnswer("text/json", contentPieces(content));
    return { data: rowsOf(content, 0, content.rowCount) };
  },
});

function rowsOf({ values, width }: Content, first: number, end: number): number[][] {
  return Array.from({ length: end - first }, (_, index) =>
    Array.from(values.subarray((first + index) * width, (first + index + 1) * width)),
  );
}

/** The JSON text of the answer; other requests get their turn between two pieces. */
async function* contentPieces(content: Content): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const rowsPerPiece = Math.max(1, Math.floor(VALUES_PER_PIECE / content.width));
  for (let first = 0; first < content.rowCount; first += rowsPerPiece) {
    const end = Math.min(first + rowsPerPiece, content.rowCount);
    const rows = JSON.stringify(rowsOf(content, first, end)).slice(1, -1);
    yield encoder.encode(`${first === 0 ? '{"data":[' : ","}${rows}${end === content.rowCount ? "]}" : ""}`);
    await setImmediate();
  }
}
