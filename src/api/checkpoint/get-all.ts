import { z } from "zod";
import { listCheckpoints } from "../../checkpoints/list-checkpoints.ts";
import { listOutput, ownedListResponse } from "../list.ts";
import { route } from "../route.ts";

export const getAllCheckpoints = route({
  method: "GET",
  path: "/checkpoint/all",
  summary: "List the checkpoints that the caller can see.",
  input: z.object({}),
  output: listOutput,
  handler: async (context) => ownedListResponse(await listCheckpoints(context)),
});
