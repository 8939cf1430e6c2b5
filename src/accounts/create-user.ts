import type { Context } from "../app-context.ts";
import { viewUser, type UserView } from "./find-user.ts";
import { insertUser } from "./insert-user.ts";
import { readPassphrase, type GivenPassphrase } from "./passphrase.ts";

export interface CreateUserInput extends GivenPassphrase {
  id: string;
  name: string;
  is_admin: boolean;
}

/** Throws conflict when the user exists, bad_request for a passphrase with which no login would be possible. */
export async function createUser({ app, caller }: Context, input: CreateUserInput): Promise<UserView> {
  const { id, name, is_admin } = input;
  const user = { id, name, is_admin, creator_id: caller.userId, passphrase: readPassphrase(input) };
  const row = await app.knownCallers.change(insertUser(app.db, user));
  return viewUser(app.db, row);
}
