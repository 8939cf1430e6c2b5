import { and, eq, isNull } from "drizzle-orm";
import type { App } from "../app-context.ts";
import type { Caller } from "./caller.ts";
import type { Db } from "../db/client.ts";
import { user_projects, users } from "../db/schema/index.ts";
import { formatTimestamp } from "../server/timestamp.ts";
import { isApiKey } from "./api-key.ts";
import { authenticateKey, authenticateKeyAnew } from "./authenticate-key.ts";
import { accessDenied } from "./issue-token.ts";
import { callerIn, rightsColumns } from "./rights.ts";
import { readToken } from "./tokens.ts";
import type { TokenUser } from "./token-user.ts";

/**
 * The caller of a token or an API key. A token becomes invalid with its user or its assignment; their current rows
 * decide, not the claims of the token. A later user with the same id is a different account: `created_at` tells them
 * apart.
 */
export async function authenticate(app: App, credential: string): Promise<Caller> {
  if (isApiKey(credential)) return authenticateKey(app, credential);
  const claims = await readToken(app.tokenKeys, credential);
  return app.knownCallers.find(credential, () => lookUp(app.db, claims));
}

/** Like `authenticate`, but always asks the database: for connections that outlive a request. */
export async function authenticateAnew(app: App, credential: string): Promise<Caller> {
  if (isApiKey(credential)) return authenticateKeyAnew(app, credential);
  return lookUp(app.db, await readToken(app.tokenKeys, credential));
}

async function lookUp(db: Db, claims: TokenUser): Promise<Caller> {
  const [found] = await db
    .select({ ...rightsColumns, created_at: users.created_at })
    .from(users)
    .leftJoin(
      user_projects,
      and(eq(user_projects.user_row_uuid, users.row_uuid), eq(user_projects.project_id, claims.project_id)),
    )
    .where(and(eq(users.id, claims.id), isNull(users.deleted_at)));
  if (found === undefined || formatTimestamp(found.created_at) !== claims.created_at) throw accessDenied();
  return callerIn(db, claims.project_id, found);
}
