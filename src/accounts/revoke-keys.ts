import { and, eq, isNull, sql, type SQL } from "drizzle-orm";
import type { Context } from "../app-context.ts";
import type { Db } from "../db/client.ts";
import { api_keys } from "../db/schema/index.ts";
import { notFound } from "../errors.ts";
import { requireToken } from "./api-key.ts";
import { visibleKeys } from "./list-keys.ts";
import { revoke } from "./revoke.ts";

/** Revokes one key: its requests and connections end at once. Throws 401 for a key, and not_found. */
export async function revokeKey({ app, caller }: Context, input: { uuid: string }): Promise<void> {
  requireToken(caller);
  const [key] = await app.db
    .select({ uuid: api_keys.uuid })
    .from(api_keys)
    .where(and(eq(api_keys.uuid, input.uuid), visibleKeys(caller)));
  // The spelling of the database: that of the client may have capital letters.
  const uuid = key?.uuid;
  if (uuid === undefined) throw notFound(`API key with uuid '${input.uuid}' not found`);
  await revoke(app, endKeys(app.db, eq(api_keys.uuid, uuid)), () => app.connections.endKey(uuid));
}

/** Marks keys as revoked. The caller ends their connections, and clears the known callers. */
export async function endKeys(db: Db, which: SQL): Promise<void> {
  await db
    .update(api_keys)
    .set({ deleted_at: sql`now()` })
    .where(and(isNull(api_keys.deleted_at), which));
}
