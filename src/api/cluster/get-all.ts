import { z } from "zod";
import { listClusters } from "../../clusters/list-clusters.ts";
import { listOutput, ownedListResponse } from "../list.ts";
import { route } from "../route.ts";

export const getAllClusters = route({
  method: "GET",
  path: "/cluster/all",
  summary: "List the clusters that the caller can see.",
  input: z.object({}),
  output: listOutput,
  handler: async (context) => ownedListResponse(await listClusters(context)),
});
