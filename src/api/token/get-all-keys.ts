import { z } from "zod";
import { KEY_REFUSED } from "../../accounts/api-key.ts";
import { listKeys } from "../../accounts/list-keys.ts";
import { formatTimestamp } from "../../server/timestamp.ts";
import { listOutput, listResponse, pageFields, pageOf } from "../list.ts";
import { route } from "../route.ts";

const header = ["created_at", "uuid", "project_id", "owner_id", "role", "expires_at", "last_used_at", "name"];

export const getAllKeys = route({
  method: "GET",
  path: "/token/key/all",
  summary: "List one's own API keys; project administrators see those of the project, administrators all.",
  input: z.object(pageFields),
  output: listOutput,
  errors: { 401: [KEY_REFUSED] },
  handler: async (context, input) => {
    const keys = await listKeys(context, pageOf(input));
    return listResponse(header, keys, (key) => [
      formatTimestamp(key.created_at),
      key.uuid,
      key.project_id,
      key.owner_id,
      key.role,
      formatTimestamp(key.expires_at),
      formatTimestamp(key.last_used_at),
      key.name,
    ]);
  },
});
