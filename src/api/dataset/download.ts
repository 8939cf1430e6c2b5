import { z } from "zod";
import { downloadDataset } from "../../datasets/download-dataset.ts";
import { downloadIn, EXPORT_FORMATS } from "../../datasets/formats.ts";
import { downloadName, StreamAnswer } from "../stream-answer.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";
import { validationTexts as texts } from "../validation-texts.ts";

export const downloadDatasetRoute = route({
  method: "GET",
  path: "/dataset/download",
  summary: "Download a dataset, or one of its column groups, as a file.",
  input: z.object({
    uuid: fields.uuid,
    format: z.enum(EXPORT_FORMATS).default("csv"),
    column_name: fields.columnName.optional(),
  }),
  output: z.object({}),
  produces: EXPORT_FORMATS.map((format) => downloadIn(format).mediaType),
  errors: {
    400: [
      texts.name("column_name", "{reason}"),
      "Data-set with uuid '{uuid}' is not complete yet",
      "Dataset with UUID '{uuid}' is invalid and can not be read.",
      "Data-set with uuid '{uuid}' has no columns",
      "{number} columns are too many for {format}: at most {number} are possible",
      "Two columns would have the name '{name}': download the column groups one by one, or as arrow",
    ],
    404: [
      "Data-set with uuid '{uuid}' not found",
      "Column with name '{name}' was not found in dataset with UUID '{uuid}'",
    ],
    409: [
      "More than {number} downloads of datasets of one user are running.",
      "More than {number} downloads of datasets are running.",
    ],
  },
  handler: async (context, input) => {
    const { row, pieces, bytes } = await downloadDataset(context, input);
    return new StreamAnswer(downloadIn(input.format).mediaType, pieces, {
      bytes,
      name: downloadName(row, input.format),
    });
  },
});
