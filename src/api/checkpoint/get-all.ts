import { z } from "zod";
import { listCheckpoints } from "../../checkpoints/list-checkpoints.ts";
import { formatTimestamp } from "../../timestamp.ts";
import { listOutput, listResponse } from "../list.ts";
import { route } from "../route.ts";

const header = ["created_at", "uuid", "project_id", "owner_id", "visibility", "name"];

export const getAllCheckpoints = route({
  method: "GET",
  path: "/checkpoint/all",
  summary: "List the checkpoints that the caller can see.",
  input: z.object({}),
  output: listOutput,
  handler: async (context) => {
    const checkpoints = await listCheckpoints(context);
    return listResponse(
      header,
      checkpoints.map(({ created_at, uuid, project_id, owner_id, visibility, name }) => [
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
