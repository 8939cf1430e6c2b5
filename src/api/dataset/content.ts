import { z } from "zod";
import { readContent } from "../../datasets/read-content.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";

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
      "Dataset with UUID '{uuid}' is invalid and can not be read.",
      "{number} rows of {number} columns are more than {number} values",
    ],
    404: [
      "Dataset with uuid '{uuid}' not found",
      "Column with name '{name}' was not found in dataset with UUID '{uuid}'",
    ],
  },
  handler: async (context, input) => ({ data: await readContent(context, input) }),
});
