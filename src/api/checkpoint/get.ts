import { z } from "zod";
import { findCheckpoint } from "../../checkpoints/find-checkpoint.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";
import { checkpointOutput, toCheckpointBody } from "./output.ts";

export const getCheckpoint = route({
  method: "GET",
  path: "/checkpoint",
  summary: "Show a checkpoint.",
  input: z.object({ uuid: fields.uuid }),
  output: checkpointOutput,
  errors: {
    404: ["Checkpoint with uuid '{uuid}' not found"],
  },
  handler: async (context, input) => toCheckpointBody(await findCheckpoint(context, input.uuid)),
});
