import { z } from "zod";
import { setMode } from "../../clusters/set-mode.ts";
import { formatTimestamp } from "../../server/timestamp.ts";
import { fields, timestampOutput } from "../fields.ts";
import { route } from "../route.ts";

export const putClusterSetMode = route({
  method: "PUT",
  path: "/cluster/set_mode",
  summary: "Switch a cluster between tasks (TASK) and direct IO by websocket (DIRECT).",
  input: z.object({
    uuid: fields.uuid,
    // Double anchors, because the contract's error text shows them.
    new_state: z.string().regex(/^^(TASK|DIRECT)$$/),
    /** Sent by older clients; ignored. */
    connection_uuid: fields.uuid.optional(),
  }),
  output: z.object({ created_at: timestampOutput, name: z.string(), new_state: z.string(), uuid: z.string() }),
  errors: {
    404: ["Cluster with uuid '{uuid}' not found"],
    409: ["Can not switch cluster to '{mode}'"],
  },
  handler: async (context, { uuid, new_state }) => {
    const cluster = await setMode(context, { uuid, new_state: new_state === "TASK" ? "TASK" : "DIRECT" });
    return { created_at: formatTimestamp(cluster.created_at), name: cluster.name, new_state, uuid: cluster.uuid };
  },
});
