import { z } from "zod";
import { getUser } from "../../accounts/get-user.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";
import { toUserBody, userOutput } from "./output.ts";

export const getUserRoute = route({
  method: "GET",
  path: "/user",
  summary: "Show a user.",
  adminOnly: true,
  input: z.object({ id: fields.idExtToFind }),
  output: userOutput,
  errors: {
    404: ["User with id '{id}' not found"],
  },
  handler: async (context, input) => toUserBody(await getUser(context, input)),
});
