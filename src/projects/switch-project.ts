import type { Context } from "../app-context.ts";
import { requireToken } from "../accounts/api-key.ts";
import { findAssignmentIn, findCallerRow } from "../accounts/find-user.ts";
import { accessDenied, issueToken, type IssuedToken } from "../accounts/issue-token.ts";
import { notAssigned } from "../accounts/rights.ts";

/**
 * Issues a new token for one of the caller's projects, with the rights of the assignment. Administrators may switch to
 * any existing project and to `admin`. Throws unauthorized, also for an API key.
 */
export async function switchProject(context: Context, input: { project_id: string }): Promise<IssuedToken> {
  const { app, caller } = context;
  requireToken(caller);
  const user = await findCallerRow(app.db, caller);
  if (user === undefined) throw accessDenied();
  const project = await findAssignmentIn(app.db, user, input.project_id);
  if (project === undefined) throw notAssigned(user.id, input.project_id);
  return issueToken(app, user, project);
}
