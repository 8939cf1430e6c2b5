import { z } from "zod";
import { downloadCheckpoint } from "../../checkpoints/download-checkpoint.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";
import { downloadName, StreamAnswer } from "../stream-answer.ts";

const mediaType = "application/octet-stream";

export const downloadCheckpointRoute = route({
  method: "GET",
  path: "/checkpoint/download",
  summary: "Download the file of a checkpoint, in safetensors format.",
  input: z.object({ uuid: fields.uuid }),
  output: z.object({}),
  produces: [mediaType],
  errors: { 404: ["Checkpoint with uuid '{uuid}' not found"] },
  handler: async (context, input) => {
    const { row, pieces } = await downloadCheckpoint(context, input);
    return new StreamAnswer(mediaType, pieces, { bytes: row.file_size, name: downloadName(row, "safetensors") });
  },
});
