import { z } from "zod";
import { createProject } from "../../projects/create-project.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";
import { projectOutput, toProjectBody } from "./output.ts";

export const postProject = route({
  method: "POST",
  path: "/project",
  summary: "Create a project.",
  adminOnly: true,
  input: z.object({ id: fields.id, name: fields.name }),
  output: projectOutput,
  errors: {
    409: ["Project with id '{id}' already exist."],
  },
  handler: async (context, input) => toProjectBody(await createProject(context, input)),
});
