import { z } from "zod";
import { listUserProjects } from "../../projects/list-user-projects.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";
import { assignmentOutput } from "./output.ts";

export const getUserProjects = route({
  method: "GET",
  path: "/user/project",
  summary: "List the caller's projects, or those of another user (administrators only).",
  input: z.object({ user_id: fields.idExt.optional() }),
  output: z.object({ projects: z.array(assignmentOutput) }),
  errors: {
    401: [""],
    404: ["User with id '{id}' not found"],
  },
  handler: async (context, input) => ({ projects: await listUserProjects(context, input) }),
});
