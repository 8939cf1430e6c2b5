import { z } from "zod";
import { checkDataset } from "../../datasets/check-dataset.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";

export const checkDatasetRoute = route({
  method: "GET",
  path: "/dataset/check",
  summary: "Compare the result of a request task with a reference dataset; the accuracy is in percent.",
  input: z.object({ uuid: fields.uuid, reference_uuid: fields.uuid }),
  output: z.object({ accuracy: z.number() }),
  errors: {
    400: [
      "Dataset with UUID '{uuid}' is invalid and can not be compared",
      "Dataset with UUID '{uuid}' is invalid and can not be compared: column '{name}' holds numbers, not classes; " +
        "POST /task/evaluate measures numbers",
      "Dataset with result with UUID '{uuid}' is invalid and can not be checked",
    ],
    404: ["Dataset with uuid '{uuid}' not found"],
  },
  handler: async (context, input) => ({ accuracy: await checkDataset(context, input) }),
});
