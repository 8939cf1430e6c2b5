import { z } from "zod";
import { KEY_REFUSED } from "../../accounts/api-key.ts";
import { createKey, newKeyTexts } from "../../accounts/create-key.ts";
import { formatTimestamp } from "../../server/timestamp.ts";
import { fields, timestampOutput } from "../fields.ts";
import { route } from "../route.ts";

const minute = 60;
const tenYears = 10 * 365 * 24 * 60 * minute;

export const postKey = route({
  method: "POST",
  path: "/token/key",
  summary: "Make an API key for a service. The answer is the only place where the key itself appears.",
  input: z.object({
    name: fields.name,
    expires_in: fields.int(minute, tenYears),
    role: fields.id.optional(),
    project_id: fields.id.optional(),
  }),
  output: z.object({
    uuid: z.string(),
    name: z.string(),
    key: z.string(),
    project_id: z.string(),
    owner_id: z.string(),
    role: z.string(),
    created_at: timestampOutput,
    expires_at: timestampOutput,
  }),
  errors: {
    400: [newKeyTexts.unknownRole()],
    401: [KEY_REFUSED, newKeyTexts.wider()],
    409: [newKeyTexts.taken(), newKeyTexts.full()],
  },
  handler: async (context, input) => {
    const { uuid, name, key, project_id, owner_id, role, created_at, expires_at } = await createKey(context, input);
    const times = { created_at: formatTimestamp(created_at), expires_at: formatTimestamp(expires_at) };
    return { uuid, name, key, project_id, owner_id, role, ...times };
  },
});
