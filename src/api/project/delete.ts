import { z } from "zod";
import { deleteProject } from "../../projects/delete-project.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";

export const deleteProjectRoute = route({
  method: "DELETE",
  path: "/project",
  summary: "Delete a project that holds nothing, and its assignments; with `force` also all that it holds.",
  adminOnly: true,
  input: z.object({ id: fields.id, force: z.boolean().default(false) }),
  output: z.object({}),
  errors: {
    404: ["Project with id '{id}' not found"],
    409: ["Project with id '{id}' still holds {list}. Delete these before, or set 'force' to delete them, too."],
  },
  handler: async (context, input) => {
    await deleteProject(context, input);
    return {};
  },
});
