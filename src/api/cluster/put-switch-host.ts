import { z } from "zod";
import { switchHost } from "../../clusters/switch-host.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";
import { clusterOutput, toClusterBody } from "./output.ts";

export const putClusterSwitchHost = route({
  method: "PUT",
  path: "/cluster/switch_host",
  summary: "Move a cluster to another host; a running task goes on there.",
  input: z.object({
    cluster_uuid: fields.uuid,
    host_uuid: fields.uuid,
    /** Older clients move hexagon by hexagon; here all hexagons move together. */
    hexagon_id: fields.int(0, 1_000_000_000).optional(),
  }),
  output: clusterOutput,
  errors: {
    404: [
      "Cluster with uuid '{uuid}' not found",
      "Host with uuid '{uuid}' not found",
      "Cluster with UUID '{uuid}' does not contain a hexagon with ID '{id}'",
    ],
    409: ["Can not move cluster to host with uuid '{uuid}': {reason}"],
  },
  handler: async (context, input) => toClusterBody(await switchHost(context, input)),
});
