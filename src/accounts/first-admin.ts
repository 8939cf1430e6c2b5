import { randomBytes } from "node:crypto";
import { and, eq, isNull } from "drizzle-orm";
import type { Config } from "../server/config.ts";
import type { Db } from "../db/client.ts";
import { users } from "../db/schema/index.ts";
import { insertUser } from "./insert-user.ts";

/** A generated passphrase. Show it once and do not store it. */
export interface GeneratedAdmin {
  id: string;
  passphrase: string;
}

/** The creator of the first administrator, as the contract names it. */
const creator = "HANAMI_INIT";

/**
 * Creates the first administrator when there is none, and generates values missing from the configuration. An existing
 * administrator is never changed: to start over after losing the passphrase, delete the data directory's database.
 */
export async function ensureFirstAdmin(db: Db, admin: Config["admin"]): Promise<GeneratedAdmin | undefined> {
  const [existing] = await db
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.is_admin, true), isNull(users.deleted_at)))
    .limit(1);
  if (existing !== undefined) return undefined;

  const id = admin.id ?? "admin";
  const passphrase = admin.passphrase ?? randomBytes(18).toString("base64url");
  await insertUser(db, {
    id,
    name: admin.name ?? id,
    creator_id: creator,
    is_admin: true,
    passphrase,
  });
  return admin.passphrase === undefined ? { id, passphrase } : undefined;
}
