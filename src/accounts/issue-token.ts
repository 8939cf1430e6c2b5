import type { App, Visitor } from "../app-context.ts";
import { formatTimestamp } from "../server/timestamp.ts";
import { unauthorized } from "../errors.ts";
import { adminAssignment, findAssignments, findUserRow, type Assignment } from "./find-user.ts";
import type { UserRow } from "../db/rows.ts";
import { readPassphrase, verifyPassphrase, type GivenPassphrase } from "./passphrase.ts";
import { signToken } from "./tokens.ts";

/** The answer to a client that requests a token. */
export interface IssuedToken {
  id: string;
  is_admin: boolean;
  name: string;
  token: string;
}

/** The same text for an unknown user and a wrong passphrase, so that it does not reveal which users exist. */
export const accessDenied = () => unauthorized("ACCESS DENIED!\nUser or passphrase is incorrect.");

export async function issueToken(app: App, user: UserRow, project: Assignment): Promise<IssuedToken> {
  const token = await signToken(
    app.tokenKeys,
    {
      created_at: formatTimestamp(user.created_at),
      creator_id: user.creator_id,
      id: user.id,
      is_admin: user.is_admin,
      is_project_admin: project.is_project_admin,
      name: user.name,
      project_id: project.project_id,
      role: project.role,
    },
    app.config.tokenExpireSeconds,
  );
  return { id: user.id, is_admin: user.is_admin, name: user.name, token };
}

/**
 * Login. Administrators start in the project `admin`, other users in their first project. Throws unauthorized, and
 * bad_request for an invalid passphrase.
 */
export async function requestToken(
  { app, address }: Visitor,
  input: GivenPassphrase & { id: string },
): Promise<IssuedToken> {
  const passphrase = readPassphrase(input);
  const user = await findUserRow(app.db, input.id);
  const matches = await app.comparisons.run({ group: address, user: input.id }, () =>
    verifyPassphrase(passphrase, user?.passphrase_hash),
  );
  if (user === undefined || !matches) throw accessDenied();
  const project = user.is_admin ? adminAssignment : (await findAssignments(app.db, user))[0];
  if (project === undefined) throw unauthorized(`User with id '${user.id}' has no project assigned.`);
  return issueToken(app, user, project);
}
