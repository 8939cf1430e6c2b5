import type { Command } from "commander";
import { addCommand, addGroup, run } from "../command.ts";
import { pageOf, type PageOptions, withPage } from "../input/page.ts";
import { askNewPassphrase } from "../input/passphrase.ts";
import { listTable } from "../output/views.ts";

const FIELDS = ["id", "name", "is_admin", "projects", "creator_id", "created_at"];
const ASSIGNMENT_FIELDS = ["project_id", "role", "is_project_admin"];

interface NewUser {
  name: string;
  passphrase?: string;
  is_admin?: true;
}

interface NewAssignment {
  role: string;
  is_project_admin?: true;
}

/** `hanamictl user …` */
export function addUserCommands(program: Command): void {
  const group = addGroup(program, "user", "Manage users and their projects");

  addCommand(group, "create <USER_ID>", "Create a user; asks for the passphrase unless it is given")
    .requiredOption("-n, --name <NAME>", "name of the user")
    .option("-p, --passphrase <PASSPHRASE>", "passphrase of the new user (others may see it in the process list)")
    .option("--is_admin", "make the user a global administrator")
    .action(
      run<NewUser>(async ({ options, print, connect }, id) => {
        // Logs in before asking, so that the user does not type a passphrase twice and then learn that the login
        // failed.
        const client = await connect();
        const passphrase = options.passphrase ?? (await askNewPassphrase());
        const is_admin = options.is_admin ?? false;
        print.object(await client.users.create({ id, name: options.name, passphrase, is_admin }), FIELDS);
      }),
    );

  addCommand(group, "get <USER_ID>", "Show a user").action(
    run(async ({ print, connect }, id) => {
      const client = await connect();
      print.object(await client.users.get(id), FIELDS);
    }),
  );

  withPage(addCommand(group, "list", "List all users"))
    .allowExcessArguments()
    .action(
      run<PageOptions>(async ({ options, print, connect }) => {
        const client = await connect();
        print.list(await client.request("GET", "/user/all", pageOf(options)), FIELDS);
      }),
    );

  addCommand(group, "delete <USER_ID>", "Delete a user").action(
    run(async ({ print, connect }, id) => {
      const client = await connect();
      await client.users.delete(id);
      print.message(`successfully deleted user '${id}'`);
    }),
  );

  addAssignmentCommands(group);
}

function addAssignmentCommands(group: Command): void {
  addCommand(group, "add-project <USER_ID> <PROJECT_ID>", "Let a user work in a project")
    .option("-r, --role <ROLE>", "role in the project, as the server's policy file names it", "member")
    .option("--is_project_admin", "let the user see and change what others have in the project")
    .action(
      run<NewAssignment>(async ({ options, print, connect }, id, project_id) => {
        const client = await connect();
        const is_project_admin = options.is_project_admin ?? false;
        print.object(await client.users.addProject({ id, project_id, role: options.role, is_project_admin }), FIELDS);
      }),
    );

  addCommand(group, "remove-project <USER_ID> <PROJECT_ID>", "Take a project from a user").action(
    run(async ({ print, connect }, id, project_id) => {
      const client = await connect();
      print.object(await client.users.removeProject({ id, project_id }), FIELDS);
    }),
  );

  addCommand(group, "list-projects [USER_ID]", "List your own projects, or as an administrator those of a user").action(
    run(async ({ print, connect }, user_id) => {
      const client = await connect();
      const answer = (await client.request("GET", "/user/project", { user_id })) as { projects: object[] };
      print.custom(answer, () => {
        const rows = answer.projects as Record<string, unknown>[];
        const body = rows.map((row) => ASSIGNMENT_FIELDS.map((field) => row[field]));
        return listTable({ header: ASSIGNMENT_FIELDS, body }, ASSIGNMENT_FIELDS);
      });
    }),
  );
}
