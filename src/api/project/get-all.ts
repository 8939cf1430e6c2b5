import { z } from "zod";
import { listProjects } from "../../projects/list-projects.ts";
import { formatTimestamp } from "../../server/timestamp.ts";
import { listOutput, listResponse, pageFields, pageOf } from "../list.ts";
import { route } from "../route.ts";

const header = ["created_at", "id", "name", "creator_id"];

export const getAllProjects = route({
  method: "GET",
  path: "/project/all",
  summary: "List all projects.",
  adminOnly: true,
  input: z.object(pageFields),
  output: listOutput,
  handler: async (context, input) => {
    const projects = await listProjects(context, pageOf(input));
    return listResponse(header, projects, (project) => [
      formatTimestamp(project.created_at),
      project.id,
      project.name,
      project.creator_id,
    ]);
  },
});
