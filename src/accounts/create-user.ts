import type { Context } from "../app-context.ts";
import { viewUser, type UserView } from "./find-user.ts";
import { insertUser } from "./insert-user.ts";

export interface CreateUserInput {
  id: string;
  name: string;
  /** Base64 of the UTF-8 text. */
  passphrase: string;
  is_admin: boolean;
}

/** Throws conflict when there is such a user. */
export async function createUser({ app, caller }: Context, input: CreateUserInput): Promise<UserView> {
  const row = await insertUser(app.db, { ...input, creator_id: caller.userId });
  return viewUser(app.db, row);
}
