import { z } from "zod";
import { deleteProject } from "../../accounts/delete-project.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";

export const deleteProjectRoute = route({
  method: "DELETE",
  path: "/project",
  summary: "Delete a project. Its resources and assignments stay.",
  adminOnly: true,
  input: z.object({ id: fields.id }),
  output: z.object({}),
  errors: {
    404: ["Project with id '{id}' not found"],
  },
  handler: async (context, input) => {
    await deleteProject(context, input);
    return {};
  },
});
