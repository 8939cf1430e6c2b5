import { z } from "zod";
import { downloadDataset } from "../../datasets/download-dataset.ts";
import { EXPORT_FORMATS, type ExportFormat } from "../../datasets/export/export-job.ts";
import { downloadName, StreamAnswer } from "../stream-answer.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";

const mediaTypes: Record<ExportFormat, string> = {
  csv: "text/csv",
  parquet: "application/vnd.apache.parquet",
  arrow: "application/vnd.apache.arrow.file",
  npy: "application/octet-stream",
};

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
  produces: Object.values(mediaTypes),
  handler: async (context, input) => {
    const { row, pieces, bytes } = await downloadDataset(context, input);
    return new StreamAnswer(mediaTypes[input.format], pieces, { bytes, name: downloadName(row, input.format) });
  },
});
