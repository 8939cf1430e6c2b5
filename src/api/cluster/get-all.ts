import { z } from "zod";
import { OWNED_COLUMNS } from "../../accounts/visible-rows.ts";
import { listClusters } from "../../clusters/list-clusters.ts";
import { listOutput, pageFields, pageOf } from "../list.ts";
import { route } from "../route.ts";

export const getAllClusters = route({
  method: "GET",
  path: "/cluster/all",
  summary: "List the clusters that the caller can see.",
  input: z.object(pageFields),
  output: listOutput,
  handler: async (context, input) => ({
    header: [...OWNED_COLUMNS],
    body: await listClusters(context, pageOf(input)),
  }),
});
