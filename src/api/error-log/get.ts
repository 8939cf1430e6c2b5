import { z } from "zod";
import { listErrorLog } from "../../logs/list-error-log.ts";
import { formatTimestamp } from "../../server/timestamp.ts";
import { fields } from "../fields.ts";
import { listOutput, listResponse } from "../list.ts";
import { route } from "../route.ts";

const header = ["created_at", "user_id", "component", "context", "input_values", "message"];

export const getErrorLog = route({
  method: "GET",
  path: "/error_log",
  summary: "List one page of the internal errors of everybody, or of one user.",
  adminOnly: true,
  input: z.object({ page: fields.page, user_id: fields.idExt.optional() }),
  output: listOutput,
  handler: async (context, input) => {
    const entries = await listErrorLog(context, input);
    return listResponse(header, entries, (entry) => [
      formatTimestamp(entry.created_at),
      entry.user_id,
      entry.component,
      entry.context,
      entry.input_values,
      entry.message,
    ]);
  },
});
