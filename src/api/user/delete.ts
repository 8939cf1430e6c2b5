import { z } from "zod";
import { deleteUser } from "../../accounts/delete-user.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";

export const deleteUserRoute = route({
  method: "DELETE",
  path: "/user",
  summary: "Delete a user. The user's tokens end at once, resources stay.",
  adminOnly: true,
  input: z.object({ id: fields.idExt }),
  output: z.object({}),
  errors: {
    404: ["User with id '{id}' not found"],
    409: ["User with id '{id}' tries to delete himself, which is not allowed."],
  },
  handler: async (context, input) => {
    await deleteUser(context, input);
    return {};
  },
});
