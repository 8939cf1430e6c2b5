import { z } from "zod";
import { deleteDataset } from "../../datasets/delete-dataset.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";

export const deleteDatasetRoute = route({
  method: "DELETE",
  path: "/dataset",
  summary: "Delete a dataset, or give up its upload.",
  input: z.object({ uuid: fields.uuid }),
  output: z.object({}),
  errors: {
    404: ["Data-set with uuid '{uuid}' not found"],
  },
  handler: async (context, input) => {
    await deleteDataset(context, input);
    return {};
  },
});
