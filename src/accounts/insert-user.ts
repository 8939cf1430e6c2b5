import { eq, sql } from "drizzle-orm";
import type { Db } from "../db/client.ts";
import { users } from "../db/schema/index.ts";
import { conflict } from "../errors.ts";
import type { UserRow } from "../db/rows.ts";
import { hashPassphrase } from "./passphrase.ts";

export interface NewUser {
  id: string;
  name: string;
  creator_id: string;
  is_admin: boolean;
  passphrase: string;
}

/** Throws conflict when the id is taken; the database decides the race between concurrent creations. */
export async function insertUser(db: Db, user: NewUser): Promise<UserRow> {
  const { passphrase, ...columns } = user;
  const passphrase_hash = await hashPassphrase(passphrase);
  // Tokens identify a user by id and creation time in seconds, so two users with one id must not share a second.
  const last = db
    .select({ time: sql`max(${users.created_at}) + interval '1 second'` })
    .from(users)
    .where(eq(users.id, user.id));
  const [row] = await db
    .insert(users)
    .values({ ...columns, passphrase_hash, created_at: sql`greatest(now(), (${last}))` })
    .onConflictDoNothing()
    .returning();
  if (row === undefined) throw conflict(`User with id '${user.id}' already exist.`);
  return row;
}
