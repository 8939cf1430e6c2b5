import type { Command } from "commander";
import { addCommand, addGroup, run } from "../command.ts";
import { pageOf, type PageOptions, withPage } from "../input/page.ts";

const FIELDS = ["id", "name", "creator_id", "created_at"];

/** `hanamictl project …` */
export function addProjectCommands(program: Command): void {
  const group = addGroup(program, "project", "Manage projects (administrators only)");

  addCommand(group, "create <PROJECT_ID>", "Create a project")
    .requiredOption("-n, --name <NAME>", "name of the project")
    .action(
      run<{ name: string }>(async ({ options, print, connect }, id) => {
        const client = await connect();
        print.object(await client.projects.create({ id, name: options.name }), FIELDS);
      }),
    );

  addCommand(group, "get <PROJECT_ID>", "Show a project").action(
    run(async ({ print, connect }, id) => {
      const client = await connect();
      print.object(await client.projects.get(id), FIELDS);
    }),
  );

  withPage(addCommand(group, "list", "List all projects"))
    .allowExcessArguments()
    .action(
      run<PageOptions>(async ({ options, print, connect }) => {
        const client = await connect();
        print.list(await client.request("GET", "/project/all", pageOf(options)), FIELDS);
      }),
    );

  addCommand(group, "delete <PROJECT_ID>", "Delete a project")
    .option("--force", "delete everything in it, too, and let its users leave it")
    .action(
      run<{ force?: true }>(async ({ options, print, connect }, id) => {
        const client = await connect();
        await client.projects.delete(id, options.force ? { force: true } : {});
        print.message(`successfully deleted project '${id}'`);
      }),
    );
}
