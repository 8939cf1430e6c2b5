import type { Context } from "../app-context.ts";
import { requireUserRow, viewUser, type UserView } from "./find-user.ts";

/** Throws not_found. */
export async function getUser({ app }: Context, input: { id: string }): Promise<UserView> {
  return viewUser(app.db, await requireUserRow(app.db, input.id));
}
