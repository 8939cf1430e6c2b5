import { z } from "zod";
import { getProgress } from "../../datasets/get-progress.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";

export const getProgressRoute = route({
  method: "GET",
  path: "/dataset/progress",
  summary: "Show how far the upload of a dataset is.",
  input: z.object({ uuid: fields.uuid }),
  output: z.object({ uuid: z.string(), complete: z.boolean(), bytes_received: z.int(), bytes_total: z.int() }),
  errors: {
    404: ["Data-set with uuid '{uuid}' not found"],
  },
  handler: (context, input) => getProgress(context, input),
});
