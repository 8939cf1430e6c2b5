import { z } from "zod";
import { KEY_REFUSED } from "../../accounts/api-key.ts";
import { switchProject } from "../../projects/switch-project.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";
import { tokenOutput } from "./output.ts";

export const putToken = route({
  method: "PUT",
  path: "/token",
  summary: "Renew the token, in the same or another project: one of the caller's, for administrators any that exists.",
  input: z.object({ project_id: fields.id }),
  output: tokenOutput,
  errors: {
    401: [KEY_REFUSED, "User with id '{id}' is not assigned to the project with id '{project_id}'."],
  },
  handler: (context, input) => switchProject(context, input),
});
