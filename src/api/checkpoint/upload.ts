import { z } from "zod";
import { announceCheckpoint } from "../../checkpoints/announce-checkpoint.ts";
import { finalizeCheckpoint } from "../../checkpoints/finalize-checkpoint.ts";
import { announceErrors } from "../dataset/upload-size.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";
import { checkpointOutput, toCheckpointBody } from "./output.ts";

/** A checkpoint is read in one piece, of at most 2 GiB. */
const checkpointBytes = fields.int(1, 2_147_483_647);

export const postCheckpointUpload = route({
  method: "POST",
  path: "/checkpoint/upload",
  summary: "Announce the upload of a checkpoint's file.",
  input: z.object({ name: fields.name, input_data_size: checkpointBytes }),
  output: z.object({ uuid: z.string(), name: z.string(), uuid_input_file: z.string() }),
  errors: announceErrors("checkpoints"),
  handler: (context, { name, input_data_size }) => announceCheckpoint(context, { name, bytes: input_data_size }),
});

export const putCheckpointUpload = route({
  method: "PUT",
  path: "/checkpoint/upload",
  summary: "Turn an uploaded file into a checkpoint.",
  input: z.object({ uuid: fields.uuid, uuid_input_file: fields.uuid }),
  output: checkpointOutput,
  errors: {
    400: ["Checkpoint can not be imported: {reason}"],
    404: ["Checkpoint with uuid '{uuid}' not found", "Input-data with uuid '{uuid}' not found."],
    409: [
      "Upload of checkpoint with uuid '{uuid}' is not complete: {number} of {number} bytes have arrived",
      "Checkpoint with uuid '{uuid}' is being finalized already",
    ],
  },
  handler: async (context, input) => toCheckpointBody(await finalizeCheckpoint(context, input)),
});
