import { z } from "zod";
import { requestToken } from "../../accounts/issue-token.ts";
import { passphraseTexts } from "../../accounts/passphrase.ts";
import { fields } from "../fields.ts";
import { publicRoute } from "../route.ts";
import { tokenOutput } from "./output.ts";

export const postToken = publicRoute({
  method: "POST",
  path: "/token",
  summary: "Request a token with user id and passphrase.",
  input: z.object({
    id: fields.idExt,
    passphrase: fields.passphrase.optional(),
    password: fields.password.optional(),
  }),
  oneOf: ["passphrase", "password"],
  output: tokenOutput,
  errors: {
    400: passphraseTexts,
    401: ["ACCESS DENIED!\nUser or passphrase is incorrect.", "User with id '{id}' has no project assigned."],
    409: ["Too many failed logins."],
  },
  handler: (visitor, input) => requestToken(visitor, input),
});
