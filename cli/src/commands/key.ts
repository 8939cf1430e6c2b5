import type { Command } from "commander";
import { addCommand, addGroup, run } from "../command.ts";
import { integer } from "../input/numbers.ts";
import { pageOf, type PageOptions, withPage } from "../input/page.ts";

const FIELDS = ["uuid", "name", "key", "project_id", "owner_id", "role", "created_at", "expires_at"];
const LIST_FIELDS = ["uuid", "name", "project_id", "owner_id", "role", "created_at", "expires_at", "last_used_at"];

interface NewKeyOptions {
  expires_in: number;
  role?: string;
}

/** `hanamictl key …` */
export function addKeyCommands(program: Command): void {
  const group = addGroup(program, "key", "Manage API keys of services");

  addCommand(group, "create <NAME>", "Make a key for the project; this shows it for the only time")
    .requiredOption("-e, --expires_in <SECONDS>", "seconds until the key expires: 60 to ten years", integer)
    .option("-r, --role <ROLE>", "role that allows less than your own, such as member")
    .action(
      run<NewKeyOptions>(async ({ options: { expires_in, role }, print, connect }, name) => {
        const client = await connect();
        print.object(await client.keys.create({ name, expires_in, ...(role === undefined ? {} : { role }) }), FIELDS);
      }),
    );

  withPage(addCommand(group, "list", "List your keys, as an administrator also those of others"))
    .allowExcessArguments()
    .action(
      run<PageOptions>(async ({ options, print, connect }) => {
        const client = await connect();
        print.list(await client.request("GET", "/token/key/all", pageOf(options)), LIST_FIELDS);
      }),
    );

  addCommand(group, "delete <UUID>", "Revoke a key; its connections end at once").action(
    run(async ({ print, connect }, uuid) => {
      const client = await connect();
      await client.keys.revoke(uuid);
      print.message(`successfully deleted key '${uuid}'`);
    }),
  );
}
