import { z } from "zod";
import { createUser } from "../../accounts/create-user.ts";
import { passphraseTexts } from "../../accounts/passphrase.ts";
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
    passphrase: fields.passphrase.optional(),
    password: fields.password.optional(),
    is_admin: z.boolean().default(false),
  }),
  oneOf: ["passphrase", "password"],
  output: userOutput,
  errors: {
    400: passphraseTexts,
    409: ["User with id '{id}' already exist."],
  },
  handler: async (context, input) => toUserBody(await createUser(context, input)),
});
