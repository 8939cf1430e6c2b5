import { z } from "zod";
import { listAuditLog } from "../../logs/list-audit-log.ts";
import { formatTimestamp } from "../../server/timestamp.ts";
import { fields } from "../fields.ts";
import { listOutput, listResponse } from "../list.ts";
import { route } from "../route.ts";

/** Columns beyond the contract are only between the first and the last, and only for clients that ask for them. */
const header = (keys: boolean) => [
  "created_at",
  "user_id",
  ...(keys ? ["key_uuid", "key_name"] : []),
  "endpoint",
  "request_type",
];

export const getAuditLog = route({
  method: "GET",
  path: "/audit_log",
  summary: "List one page of the changes that the caller, or (administrators only) another user, asked for.",
  input: z.object({ page: fields.page, user_id: fields.idExt.optional(), keys: z.boolean().default(false) }),
  output: listOutput,
  errors: {
    401: ["'user_id' can only be set by an admin"],
  },
  handler: async (context, input) => {
    const entries = await listAuditLog(context, input);
    return listResponse(header(input.keys), entries, (entry) => [
      formatTimestamp(entry.created_at),
      entry.user_id,
      ...(input.keys ? [entry.key_uuid, entry.key_name] : []),
      entry.endpoint,
      entry.request_type,
    ]);
  },
});
