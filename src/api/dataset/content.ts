import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import { readContent, type Content } from "../../datasets/read-content.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";
import { StreamAnswer } from "../stream-answer.ts";
import { validationTexts as texts } from "../validation-texts.ts";

/** Values that are serialized in about 2 ms. */
const VALUES_PER_PIECE = 16_384;
/** Length of the text of that many values with few digits. */
const CHARACTERS_PER_PIECE = 32_768;

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

/** The JSON text of the answer in pieces; yields to the event loop between two pieces. */
async function* contentPieces({ values, width, rowCount }: Content): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let text = '{"data":[';
  for (let row = 0; row < rowCount; row++) {
    // A single row may have a million values.
    for (let first = 0; first < width; first += VALUES_PER_PIECE) {
      const part = values.subarray(row * width + first, row * width + Math.min(first + VALUES_PER_PIECE, width));
      text += `${first === 0 ? "[" : ","}${JSON.stringify(Array.from(part)).slice(1, -1)}`;
      if (text.length < CHARACTERS_PER_PIECE) continue;
      yield encoder.encode(text);
      text = "";
      await setImmediate();
    }
    text += row + 1 < rowCount ? "]," : "]]}";
  }
  yield encoder.encode(text);
}
