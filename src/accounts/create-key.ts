import { and, count, eq, isNull } from "drizzle-orm";
import type { Context } from "../app-context.ts";
import type { Db } from "../db/client.ts";
import { api_keys, users } from "../db/schema/index.ts";
import { badRequest, conflict, unauthorized } from "../errors.ts";
import { hashApiKey, newApiKey, requireToken } from "./api-key.ts";
import type { Caller } from "./caller.ts";
import { findAssignmentIn, findCallerRow } from "./find-user.ts";
import { accessDenied } from "./issue-token.ts";
import type { KeyView } from "./list-keys.ts";
import { lockAssignment } from "./lock-assignment.ts";
import { isAllowed, isKnownRole, isWithin, type Policies } from "./policies.ts";
import { notAssigned } from "./rights.ts";

/** Keys of one user, in all projects. */
const KEYS_MAX = 100;

export interface NewKey {
  name: string;
  /** Seconds. */
  expires_in: number;
  role?: string | undefined;
  project_id?: string | undefined;
}

/** The texts of the refusals; the defaults yield those that the API documentation shows. */
export const newKeyTexts = {
  unknownRole: (role = "{role}") => `No policy names the role '${role}'.`,
  wider: (role = "{role}", own = "{role}") => `The role '${role}' may do what your role '${own}' may not do.`,
  taken: (name = "{name}") => `API key with name '${name}' already exist.`,
  full: (limit: number | string = "{number}") => `You have ${limit} API keys, which is the limit: revoke one.`,
};

/**
 * Makes a key of the caller for a project, by default that of the token. Only this answer has the key itself. Throws
 * 401 for a key, a project that is not the caller's or in which the caller makes no keys, and a role with more rights,
 * 400 for a role without any, and conflict.
 */
export async function createKey({ app, caller }: Context, input: NewKey): Promise<KeyView & { key: string }> {
  requireToken(caller);
  const { name, project_id = caller.projectId } = input;
  const user = await findCallerRow(app.db, caller);
  if (user === undefined) throw accessDenied();
  const own = await findAssignmentIn(app.db, user, project_id);
  if (own === undefined) throw notAssigned(user.id, project_id);
  // The request was allowed in the token's project, where the role may be another one.
  if (!isAllowed(app.policies, "v1.0alpha/token/key", "POST", own.role)) throw unauthorized("Access denied by policy");
  const role = input.role ?? own.role;
  checkRole(app.policies, role, own.role);

  const key = newApiKey();
  const hash = hashApiKey(key) as string;
  // The clock that also decides when it is over.
  const expires_at = new Date(Date.now() + 1000 * input.expires_in);
  const values = { name, hash, owner_uuid: user.row_uuid, project_id, role, expires_at };
  const row = await app.db.transaction(async (tx) => {
    await checkKeyRoom(tx, caller);
    await lockAssignment(tx, { ...caller, projectId: project_id });
    const [inserted] = await tx.insert(api_keys).values(values).onConflictDoNothing().returning();
    return inserted;
  });
  if (row === undefined) throw conflict(newKeyTexts.taken(name));
  return { ...row, owner_id: user.id, key };
}

function checkRole(policies: Policies, role: string, own: string): void {
  if (role === own) return;
  if (!isKnownRole(policies, role)) throw badRequest(newKeyTexts.unknownRole(role));
  if (!isWithin(policies, role, own)) throw unauthorized(newKeyTexts.wider(role, own));
}

/** Holds a lock on the user until commit: concurrent creations cannot exceed the limit, and a deletion waits. */
async function checkKeyRoom(tx: Db, { userUuid }: Caller): Promise<void> {
  const [user] = await tx
    .select({ uuid: users.row_uuid })
    .from(users)
    .where(and(eq(users.row_uuid, userUuid), isNull(users.deleted_at)))
    .for("no key update");
  if (user === undefined) throw accessDenied();
  const [keys] = await tx
    .select({ value: count() })
    .from(api_keys)
    .where(and(eq(api_keys.owner_uuid, userUuid), isNull(api_keys.deleted_at)));
  if ((keys?.value ?? 0) >= KEYS_MAX) throw conflict(newKeyTexts.full(KEYS_MAX));
}
