import type { Context } from "../app-context.ts";
import { audit_log } from "../db/schema/index.ts";

/** Notes that the caller is about to do something that may change the server. */
export async function writeAuditLog(context: Context, entry: { endpoint: string; method: string }): Promise<void> {
  const { userId: user_id, userUuid: user_uuid } = context.caller;
  await context.app.db
    .insert(audit_log)
    .values({ user_id, user_uuid, endpoint: entry.endpoint, request_type: entry.method });
}
