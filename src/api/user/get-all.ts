import { z } from "zod";
import { listUsers } from "../../accounts/list-users.ts";
import { formatTimestamp } from "../../server/timestamp.ts";
import { listOutput, listResponse, pageFields, pageOf } from "../list.ts";
import { route } from "../route.ts";

const header = ["created_at", "id", "name", "creator_id", "projects", "is_admin"];

export const getAllUsers = route({
  method: "GET",
  path: "/user/all",
  summary: "List all users.",
  adminOnly: true,
  input: z.object(pageFields),
  output: listOutput,
  handler: async (context, input) => {
    const users = await listUsers(context, pageOf(input));
    return listResponse(header, users, (user) => [
      formatTimestamp(user.created_at),
      user.id,
      user.name,
      user.creator_id,
      user.projects,
      user.is_admin,
    ]);
  },
});
