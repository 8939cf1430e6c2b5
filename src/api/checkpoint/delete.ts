import { z } from "zod";
import { deleteCheckpoint } from "../../checkpoints/delete-checkpoint.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";

export const deleteCheckpointRoute = route({
  method: "DELETE",
  path: "/checkpoint",
  summary: "Delete a checkpoint.",
  input: z.object({ uuid: fields.uuid }),
  output: z.object({}),
  errors: {
    404: ["Chekckpoint with uuid '{uuid}' not found"],
  },
  handler: async (context, input) => {
    await deleteCheckpoint(context, input);
    return {};
  },
});
