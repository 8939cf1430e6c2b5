import { z } from "zod";
import { DATASET_COLUMNS, listDatasets } from "../../datasets/list-datasets.ts";
import { listOutput, pageFields, pageOf } from "../list.ts";
import { route } from "../route.ts";

export const listDatasetsRoute = route({
  method: "GET",
  path: "/dataset/all",
  summary: "List the visible datasets.",
  input: z.object(pageFields),
  output: listOutput,
  handler: async (context, input) => ({
    header: [...DATASET_COLUMNS],
    body: await listDatasets(context, pageOf(input)),
  }),
});
