import type { Context } from "../app-context.ts";
import { unauthorized } from "../errors.ts";
import {
  adminAssignment,
  findAssignments,
  findCallerRow,
  requireUserRow,
  type Assignment,
} from "../accounts/find-user.ts";
import { accessDenied } from "../accounts/issue-token.ts";

/**
 * The projects in which a user may work: the caller's own, or those of `user_id` (administrators only). Administrators
 * have the project `admin` in addition to those assigned to them.
 */
export async function listUserProjects(
  { app, caller }: Context,
  input: { user_id?: string | undefined },
): Promise<Assignment[]> {
  if (input.user_id !== undefined && !caller.isAdmin) throw unauthorized("");
  const user =
    input.user_id === undefined ? await findCallerRow(app.db, caller) : await requireUserRow(app.db, input.user_id);
  if (user === undefined) throw accessDenied();
  const assigned = await findAssignments(app.db, user);
  if (!user.is_admin) return assigned;
  return [...assigned.filter((project) => project.project_id !== adminAssignment.project_id), adminAssignment];
}
