import type { Command } from "commander";
import { addCommand, addGroup, run } from "../command.ts";
import { integer } from "../input/numbers.ts";

const logs = [
  {
    name: "audit",
    description: "Show who changed what",
    path: "/audit_log",
    fields: ["created_at", "user_id", "endpoint", "request_type"],
  },
  {
    name: "error",
    description: "Show the server's internal errors (administrators only)",
    path: "/error_log",
    fields: ["created_at", "user_id", "component", "context", "input_values", "message"],
  },
];

/** `hanamictl log …` */
export function addLogCommands(program: Command): void {
  const group = addGroup(program, "log", "Read the server's logs");
  for (const { name, description, path, fields } of logs) {
    addCommand(group, name, description)
      .option("-p, --page <NUMBER>", "page of 100 entries, oldest first, counted from 0", integer, 0)
      .option("-u, --user <USER_ID>", "only entries of this user (administrators only)")
      .allowExcessArguments()
      .action(
        run<{ page: number; user?: string }>(async ({ options, print, connect }) => {
          const client = await connect();
          print.list(await client.request("GET", path, { page: options.page, user_id: options.user }), fields);
        }),
      );
  }
}
