import type { Context } from "../app-context.ts";
import { notAssigned } from "./authenticate.ts";
import { adminAssignment, findAssignments, findCallerRow } from "./find-user.ts";
import { accessDenied, issueToken, type IssuedToken } from "./issue-token.ts";

/** A fresh token for one of the caller's projects. Administrators may always work in the project `admin`. */
export async function switchProject(context: Context, input: { project_id: string }): Promise<IssuedToken> {
  const { app, caller } = context;
  const user = await findCallerRow(app.db, caller);
  if (user === undefined) throw accessDenied();
  if (user.is_admin && input.project_id === adminAssignment.project_id) return issueToken(app, user, adminAssignment);
  const projects = await findAssignments(app.db, user);
  const project = projects.find((candidate) => candidate.project_id === input.project_id);
  if (project === undefined) throw notAssigned(user.id, input.project_id);
  return issueToken(app, user, project);
}
