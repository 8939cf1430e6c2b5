import { z } from "zod";
import { getDataset } from "../../datasets/get-dataset.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";
import { datasetOutput, toDataset } from "./output.ts";

export const getDatasetRoute = route({
  method: "GET",
  path: "/dataset",
  summary: "Show a dataset and its column groups.",
  input: z.object({ uuid: fields.uuid }),
  output: datasetOutput,
  errors: {
    400: ["Dataset with UUID '{uuid}' is invalid and can not be read."],
    404: ["Data-set with uuid '{uuid}' not found"],
  },
  handler: async (context, input) => toDataset(await getDataset(context, input)),
});
