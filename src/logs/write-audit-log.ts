import type { Context } from "../app-context.ts";
import { audit_log } from "../db/schema/index.ts";

/** Records a request that may change the server, before it is carried out. */
export async function writeAuditLog(context: Context, entry: { endpoint: string; method: string }): Promise<void> {
  const { userId: user_id, userUuid: user_uuid, key } = context.caller;
  await context.app.db
    .insert(audit_log)
    .values({ user_id, user_uuid, key_uuid: key?.uuid, endpoint: entry.endpoint, request_type: entry.method });
}
