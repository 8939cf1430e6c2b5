import type { Context } from "../app-context.ts";
import { notAssigned } from "../accounts/authenticate.ts";
import { adminAssignment, adminAssignmentIn, findAssignments, findCallerRow } from "../accounts/find-user.ts";
import { accessDenied, issueToken, type IssuedToken } from "../accounts/issue-token.ts";

/**
 * Issues a new token for one of the caller's projects, with the rights of the assignment. Administrators may switch to
 * any existing project and to `admin`. Throws unauthorized.
 */
export async function switchProject(context: Context, input: { project_id: string }): Promise<IssuedToken> {
  const { app, caller } = context;
  const user = await findCallerRow(app.db, caller);
  if (user === undefined) throw accessDenied();
  if (user.is_admin && input.project_id === adminAssignment.project_id) return issueToken(app, user, adminAssignment);
  const projects = await findAssignments(app.db, user);
  const assigned = projects.find((candidate) => candidate.project_id === input.project_id);
  const project = assigned ?? (user.is_admin ? await adminAssignmentIn(app.db, input.project_id) : undefined);
  if (project === undefined) throw notAssigned(user.id, input.project_id);
  return issueToken(app, user, project);
}
