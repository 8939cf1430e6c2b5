import { z } from "zod";
import type { UserView } from "../../accounts/find-user.ts";
import { timestampOutput } from "../fields.ts";
import { formatTimestamp } from "../../server/timestamp.ts";

export const assignmentOutput = z.object({ is_project_admin: z.boolean(), project_id: z.string(), role: z.string() });

export const userOutput = z.object({
  created_at: timestampOutput,
  creator_id: z.string(),
  id: z.string(),
  is_admin: z.boolean(),
  name: z.string(),
  projects: z.array(assignmentOutput),
});

export function toUserBody(user: UserView) {
  return { ...user, created_at: formatTimestamp(user.created_at) };
}
