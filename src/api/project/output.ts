import { z } from "zod";
import type { ProjectView } from "../../projects/project-view.ts";
import { formatTimestamp } from "../../server/timestamp.ts";
import { timestampOutput } from "../fields.ts";

export const projectOutput = z.object({
  created_at: timestampOutput,
  creator_id: z.string(),
  id: z.string(),
  name: z.string(),
});

export function toProjectBody(project: ProjectView) {
  return { ...project, created_at: formatTimestamp(project.created_at) };
}
