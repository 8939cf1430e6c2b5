import { z } from "zod";
import { KEY_REFUSED } from "../../accounts/api-key.ts";
import { revokeKey } from "../../accounts/revoke-keys.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";

export const deleteKey = route({
  method: "DELETE",
  path: "/token/key",
  summary: "Revoke an API key; its requests and connections end at once.",
  input: z.object({ uuid: fields.uuid }),
  output: z.object({}),
  errors: {
    401: [KEY_REFUSED],
    404: ["API key with uuid '{uuid}' not found"],
  },
  handler: async (context, input) => {
    await revokeKey(context, input);
    return {};
  },
});
