import { z } from "zod";
import { createUser } from "../../accounts/create-user.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";
import { toUserBody, userOutput } from "./output.ts";

export const postUser = route({
  method: "POST",
  path: "/user",
  summary: "Create a user.",
  adminOnly: true,
  input: z.object({
    id: fields.idExt,
    name: fields.name,
    passphrase: fields.passphrase,
    is_admin: z.boolean().default(false),
  }),
  output: userOutput,
  errors: {
    409: ["User with id '{id}' already exist."],
  },
  handler: async (context, input) => toUserBody(await createUser(context, input)),
});
