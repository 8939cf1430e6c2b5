import { and, eq, isNull, sql } from "drizzle-orm";
import type { Context } from "../app-context.ts";
import { api_keys, users } from "../db/schema/index.ts";
import { conflict } from "../errors.ts";
import { requireUserRow, userNotFound } from "./find-user.ts";
import { revoke } from "./revoke.ts";
import { endKeys } from "./revoke-keys.ts";

/**
 * Deletes a user, whose tokens, keys and connections end at once. The user's resources remain for the administrators
 * of their project and of the server; a later user with this id does not get them. Throws conflict for the caller's own
 * user, and not_found.
 */
export async function deleteUser({ app, caller }: Context, input: { id: string }): Promise<void> {
  if (input.id === caller.userId) {
    throw conflict(`User with id '${input.id}' tries to delete himself, which is not allowed.`);
  }
  const user = await requireUserRow(app.db, input.id);
  const deletion = app.db.transaction(async (tx) => {
    const rows = await tx
      .update(users)
      .set({ deleted_at: sql`now()` })
      .where(and(eq(users.row_uuid, user.row_uuid), isNull(users.deleted_at)))
      .returning({ uuid: users.row_uuid });
    await endKeys(tx, eq(api_keys.owner_uuid, user.row_uuid));
    return rows;
  });
  const end = () => app.connections.end(user.row_uuid);
  const [row] = await revoke(app, deletion, end);
  // A concurrent request has deleted the user.
  if (row === undefined) throw userNotFound(input.id);
}
