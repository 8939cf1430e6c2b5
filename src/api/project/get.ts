import { z } from "zod";
import { getProject } from "../../projects/get-project.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";
import { projectOutput, toProjectBody } from "./output.ts";

export const getProjectRoute = route({
  method: "GET",
  path: "/project",
  summary: "Show a project.",
  adminOnly: true,
  input: z.object({ id: fields.id }),
  output: projectOutput,
  errors: {
    404: ["Project with id '{id}' not found"],
  },
  handler: async (context, input) => toProjectBody(await getProject(context, input)),
});
