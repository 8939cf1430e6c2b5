import { z } from "zod";
import { KEY_REFUSED } from "../../accounts/api-key.ts";
import { assignProject } from "../../projects/assign-project.ts";
import { switchProject } from "../../projects/switch-project.ts";
import { badRequest, unauthorized } from "../../errors.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";
import { tokenOutput } from "../token/output.ts";
import { validationTexts } from "../validation-texts.ts";
import { toUserBody, userOutput } from "./output.ts";

const missing = (key: string) => badRequest(validationTexts.required(key));

/**
 * Two endpoints in one: administrators assign a project to a user, and a caller who sends only a project switches to
 * it, because old clients know no other way.
 */
export const postUserProject = route({
  method: "POST",
  path: "/user/project",
  summary: "Assign a project to a user; with `project_id` alone: switch to that project and get a token.",
  input: z.object({
    id: fields.idExt.optional(),
    project_id: fields.id,
    role: fields.id.optional(),
    is_project_admin: z.boolean().optional(),
  }),
  output: z.union([userOutput, tokenOutput]),
  errors: {
    401: ["", KEY_REFUSED, "User with id '{id}' is not assigned to the project with id '{project_id}'."],
    404: ["User with id '{id}' not found"],
    409: ["Project with ID '{project_id}' is already assigned to user with id '{id}'."],
  },
  handler: async (context, { id, project_id, role, is_project_admin }) => {
    const isSwitch = id === undefined && role === undefined && is_project_admin === undefined;
    if (isSwitch) return switchProject(context, { project_id });
    if (id === undefined) throw missing("id");
    if (role === undefined) throw missing("role");
    if (!context.caller.isAdmin) throw unauthorized("");
    const assignment = { id, project_id, role, is_project_admin: is_project_admin ?? false };
    return toUserBody(await assignProject(context, assignment));
  },
});
