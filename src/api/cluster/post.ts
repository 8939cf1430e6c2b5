import { z } from "zod";
import { createCluster } from "../../clusters/create-cluster.ts";
import { InvalidTemplateError } from "../../clusters/invalid-template.ts";
import { badRequest } from "../../errors.ts";
import { noRoomText } from "../../limits/check-room.ts";
import { errorBox } from "../ascii-box.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";
import { clusterOutput, toClusterBody } from "./output.ts";

export const postCluster = route({
  method: "POST",
  path: "/cluster",
  summary: "Make a cluster from a template (base64) or a checkpoint; without either it has no hexagons.",
  input: z.object({
    name: fields.name,
    template: z.string().optional(),
    checkpoint_uuid: fields.uuid.optional(),
    host_uuid: fields.uuid.optional(),
    seed: fields.int(0, 4_294_967_295).optional(),
  }),
  output: clusterOutput,
  errors: {
    400: [
      "Uploaded template is not a valid base64-String.",
      "Uploaded template is bigger than {number} bytes.",
      "Uploaded template has more than {number} hexagons.",
      "Uploaded template is not a valid cluster-template: \n{box}",
      "A cluster is made either of a checkpoint, which has its own template and seed, or of a template.",
    ],
    404: ["Host with uuid '{uuid}' not found", "Checkpoint with uuid '{uuid}' not found"],
    409: [
      "Cluster with name '{name}' already exist.",
      noRoomText("clusters"),
      "Host with uuid '{uuid}' has no room for the cluster: of {total} bytes {free} are free, {needed} are needed.",
    ],
  },
  handler: async (context, input) => {
    try {
      return toClusterBody(await createCluster(context, input));
    } catch (error) {
      if (error instanceof InvalidTemplateError) throw badRequest(`${error.message}\n${errorBox(error.detail)}`);
      throw error;
    }
  },
});
