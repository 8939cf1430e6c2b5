import { z } from "zod";
import { unassignProject } from "../../projects/unassign-project.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";
import { toUserBody, userOutput } from "./output.ts";

export const deleteUserProject = route({
  method: "DELETE",
  path: "/user/project",
  summary: "Take a project from a user.",
  adminOnly: true,
  input: z.object({ id: fields.idExt, project_id: fields.id }),
  output: userOutput,
  errors: {
    404: [
      "User with id '{id}' not found",
      "Project with ID '{project_id}' is not assigned to user with id '{id}' and so it can not be removed from the user.",
    ],
  },
  handler: async (context, input) => toUserBody(await unassignProject(context, input)),
});
