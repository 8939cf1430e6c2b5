import { and, eq, isNull, sql } from "drizzle-orm";
import type { App } from "../app-context.ts";
import { builtOnce } from "../db/built-once.ts";
import { api_keys, user_projects, users } from "../db/schema/index.ts";
import { unauthorized } from "../errors.ts";
import { hashApiKey } from "./api-key.ts";
import type { Caller } from "./caller.ts";
import { adminAssignment } from "./find-user.ts";
import { callerIn, rightsColumns } from "./rights.ts";

/** How exact the time of the last use is: not every request may cost a write. */
const LAST_USE_MS = 60_000;

const failed = (reason: string) => unauthorized(`Failed to validate API key with error: ${reason}`);

/** Both are refusals of a key. */
export const apiKeyTexts = ["unknown or revoked", "key expired"].map((reason) => failed(reason).message);

/**
 * The caller of an API key: its user, in its project, with the rights that the user has now and the key's role leaves.
 * The key ends with its user, the assignment and the project. Throws 401.
 */
export async function authenticateKey(app: App, text: string): Promise<Caller> {
  const hash = requireHash(text);
  const caller = await app.knownCallers.find(hash, () => lookUp(app, hash));
  // A known caller's key may have expired since the lookup.
  requireUnexpired(caller);
  return caller;
}

/** Like `authenticateKey`, but always asks the database. */
export async function authenticateKeyAnew(app: App, text: string): Promise<Caller> {
  return lookUp(app, requireHash(text));
}

function requireHash(text: string): string {
  const hash = hashApiKey(text);
  if (hash === undefined) throw failed("unknown or revoked");
  return hash;
}

function requireUnexpired({ key }: Caller): void {
  if (key !== undefined && key.expiresMs <= Date.now()) throw failed("key expired");
}

const byHash = builtOnce((db) =>
  db
    .select({
      ...rightsColumns,
      uuid: api_keys.uuid,
      key_role: api_keys.role,
      project_id: api_keys.project_id,
      expires_at: api_keys.expires_at,
      last_used_at: api_keys.last_used_at,
    })
    .from(api_keys)
    .innerJoin(users, and(eq(users.row_uuid, api_keys.owner_uuid), isNull(users.deleted_at)))
    .leftJoin(
      user_projects,
      and(eq(user_projects.user_row_uuid, users.row_uuid), eq(user_projects.project_id, api_keys.project_id)),
    )
    .where(and(eq(api_keys.hash, sql.placeholder("hash")), isNull(api_keys.deleted_at)))
    .prepare("find API key"),
);

async function lookUp(app: App, hash: string): Promise<Caller> {
  const [row] = await byHash(app.db).execute({ hash });
  if (row === undefined) throw failed("unknown or revoked");
  const user = await callerIn(app.db, row.project_id, row);
  const caller: Caller = {
    ...user,
    isAdmin: user.isAdmin && row.key_role === adminAssignment.role,
    isProjectAdmin: user.isProjectAdmin && row.key_role === user.role,
    key: { uuid: row.uuid, role: row.key_role, expiresMs: row.expires_at.getTime() },
  };
  requireUnexpired(caller);
  await noteUse(app, row);
  return caller;
}

/** Records the use of a key. A failure is logged only: the request itself shows whether the database works. */
async function noteUse(app: App, { uuid, last_used_at }: { uuid: string; last_used_at: Date | null }): Promise<void> {
  const now = new Date();
  // A time in the future was written before the clock was put back.
  const isRecent = last_used_at !== null && Math.abs(now.getTime() - last_used_at.getTime()) < LAST_USE_MS;
  if (isRecent) return;
  try {
    await app.db.update(api_keys).set({ last_used_at: now }).where(eq(api_keys.uuid, uuid));
  } catch (error) {
    app.log.warn({ err: error, key: uuid }, "the use of an API key cannot be recorded");
  }
}
