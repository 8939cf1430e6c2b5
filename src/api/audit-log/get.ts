import { z } from "zod";
import { listAuditLog } from "../../logs/list-audit-log.ts";
import { formatTimestamp } from "../../server/timestamp.ts";
import { fields } from "../fields.ts";
import { listOutput, listResponse } from "../list.ts";
import { route } from "../route.ts";

const header = ["created_at", "user_id", "endpoint", "request_type"];

export const getAuditLog = route({
  method: "GET",
  path: "/audit_log",
  summary: "List one page of the changes that the caller, or (administrators only) another user, asked for.",
  input: z.object({ page: fields.page, user_id: fields.idExt.optional() }),
  output: listOutput,
  errors: {
    401: ["'user_id' can only be set by an admin"],
  },
  handler: async (context, input) => {
    const entries = await listAuditLog(context, input);
    return listResponse(header, entries, (entry) => [
      formatTimestamp(entry.created_at),
      entry.user_id,
      entry.endpoint,
      entry.request_type,
    ]);
  },
});
