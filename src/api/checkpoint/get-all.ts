import { z } from "zod";
import { OWNED_COLUMNS } from "../../accounts/visible-rows.ts";
import { listCheckpoints } from "../../checkpoints/list-checkpoints.ts";
import { listOutput, pageFields, pageOf } from "../list.ts";
import { route } from "../route.ts";

export const getAllCheckpoints = route({
  method: "GET",
  path: "/checkpoint/all",
  summary: "List the checkpoints that the caller can see.",
  input: z.object(pageFields),
  output: listOutput,
  handler: async (context, input) => ({
    header: [...OWNED_COLUMNS],
    body: await listCheckpoints(context, pageOf(input)),
  }),
});
