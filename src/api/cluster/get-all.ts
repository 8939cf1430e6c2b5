import { z } from "zod";
import { listClusters } from "../../clusters/list-clusters.ts";
import { formatTimestamp } from "../../timestamp.ts";
import { listOutput, listResponse } from "../list.ts";
import { route } from "../route.ts";

const header = ["created_at", "uuid", "project_id", "owner_id", "visibility", "name"];

export const getAllClusters = route({
  method: "GET",
  path: "/cluster/all",
  summary: "List the clusters that the caller can see.",
  input: z.object({}),
  output: listOutput,
  handler: async (context) => {
    const clusters = await listClusters(context);
    return listResponse(
      header,
      clusters.map(({ created_at, uuid, project_id, owner_id, visibility, name }) => [
        formatTimestamp(created_at),
        uuid,
        project_id,
        owner_id,
        visibility,
        name,
      ]),
    );
  },
});
