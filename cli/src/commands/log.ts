import type { Command } from "commander";
import { addCommand, addGroup, run } from "../command.ts";
import { integer } from "../input/numbers.ts";

const AUDIT_FIELDS = ["created_at", "user_id", "endpoint", "request_type"];
const KEY_FIELDS = ["created_at", "user_id", "key_uuid", "key_name", "endpoint", "request_type"];
const ERROR_FIELDS = ["created_at", "user_id", "component", "context", "input_values", "message"];

interface LogOptions {
  page: number;
  user?: string;
}

const withLogOptions = (command: Command) =>
  command
    .option("-p, --page <NUMBER>", "page of 100 entries, oldest first, counted from 0", integer, 0)
    .option("-u, --user <USER_ID>", "only entries of this user (administrators only)")
    .allowExcessArguments();

/** `hanamictl log …` */
export function addLogCommands(program: Command): void {
  const group = addGroup(program, "log", "Read the server's logs");
  withLogOptions(addCommand(group, "audit", "Show who changed what"))
    .option("--keys", "also show the API keys of the requests")
    .action(
      run<LogOptions & { keys?: true }>(async ({ options: { page, user: user_id, keys }, print, connect }) => {
        const client = await connect();
        const entries = await client.request("GET", "/audit_log", { page, user_id, keys });
        print.list(entries, keys === true ? KEY_FIELDS : AUDIT_FIELDS);
      }),
    );

  withLogOptions(addCommand(group, "error", "Show the server's internal errors (administrators only)")).action(
    run<LogOptions>(async ({ options: { page, user: user_id }, print, connect }) => {
      const client = await connect();
      print.list(await client.request("GET", "/error_log", { page, user_id }), ERROR_FIELDS);
    }),
  );
}
