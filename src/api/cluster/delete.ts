import { z } from "zod";
import { deleteCluster } from "../../clusters/delete-cluster.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";

export const deleteClusterRoute = route({
  method: "DELETE",
  path: "/cluster",
  summary: "Delete a cluster with its tasks; what runs is stopped first.",
  input: z.object({ uuid: fields.uuid }),
  output: z.object({}),
  errors: {
    404: ["Cluster with uuid '{uuid}' not found"],
  },
  handler: async (context, input) => {
    await deleteCluster(context, input);
    return {};
  },
});
