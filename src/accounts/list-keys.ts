import { and, asc, eq, isNull, or, type SQL } from "drizzle-orm";
import type { Context } from "../app-context.ts";
import { bySequence, readPages, type Page } from "../db/read-pages.ts";
import { api_keys, users } from "../db/schema/index.ts";
import { requireToken } from "./api-key.ts";
import type { Caller } from "./caller.ts";
import { visibleTo } from "./visibility.ts";

/** A key as clients see it. */
export interface KeyView {
  uuid: string;
  name: string;
  project_id: string;
  owner_id: string;
  role: string;
  created_at: Date;
  expires_at: Date;
  /** To the minute; null: never. */
  last_used_at: Date | null;
}

/** One's own keys in all projects, and those that `visibleTo` shows to administrators; expired ones, too. */
export function visibleKeys(caller: Caller): SQL {
  const own = and(isNull(api_keys.deleted_at), eq(api_keys.owner_uuid, caller.userUuid));
  return or(own, visibleTo(caller, api_keys)) as SQL;
}

/** All visible keys, or one page of them, in the order of creation. Throws 401 for a key. */
export async function listKeys({ app: { db }, caller }: Context, page?: Page): Promise<KeyView[]> {
  requireToken(caller);
  const read = (isAfter: SQL | undefined, rows: number) =>
    db
      .select({
        sequence: api_keys.sequence,
        uuid: api_keys.uuid,
        name: api_keys.name,
        project_id: api_keys.project_id,
        owner_id: users.id,
        role: api_keys.role,
        created_at: api_keys.created_at,
        expires_at: api_keys.expires_at,
        last_used_at: api_keys.last_used_at,
      })
      .from(api_keys)
      .innerJoin(users, eq(users.row_uuid, api_keys.owner_uuid))
      .where(isAfter)
      .orderBy(asc(api_keys.sequence))
      .limit(rows);
  return readPages(bySequence({ db, table: api_keys, condition: visibleKeys(caller), read }), page);
}
