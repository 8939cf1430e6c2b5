import tab from "@bomb.sh/tab/commander";
import { Command } from "commander";
import { withCommonOptions } from "./command.ts";
import { addCheckpointCommands } from "./commands/checkpoint.ts";
import { addClusterCommands } from "./commands/cluster.ts";
import { addDatasetCommands } from "./commands/dataset.ts";
import { addEventsCommand } from "./commands/events.ts";
import { addHostCommands } from "./commands/host.ts";
import { addKeyCommands } from "./commands/key.ts";
import { addLogCommands } from "./commands/log.ts";
import { addProjectCommands } from "./commands/project.ts";
import { addSystemCommands } from "./commands/system.ts";
import { addTableCommands } from "./commands/table.ts";
import { addTaskCommands } from "./commands/task.ts";
import { addUserCommands } from "./commands/user.ts";
import { errorJson } from "./errors.ts";

const ENVIRONMENT = `
Environment:
  HANAMI_ADDRESS     address of the server (default http://127.0.0.1:11418)
  HANAMI_USER        id of the user
  HANAMI_PASSPHRASE  the user's passphrase (or HANAMI_PW)
  HANAMI_KEY         an API key, instead of user and passphrase
  HANAMI_PROJECT     project to work in, unless --project names one`;

/** Adds `help [COMMAND...]` to a group and its subgroups: commander's own takes a single word. */
function addHelpCommands(group: Command): void {
  for (const each of group.commands) if (each.commands.length > 0) addHelpCommands(each);
  group
    .helpCommand(false)
    .command("help [COMMAND...]")
    .description("display help for command")
    .action((words: string[]) => {
      let command = group;
      for (const word of words) {
        const next = command.commands.find((each) => each.name() === word);
        command = next ?? command.error(`error: unknown command '${word}'`);
      }
      command.help();
    });
}

/** Whether the command line asks for JSON, also when it is wrong otherwise. */
export const wantsJson = () => process.argv.some((word) => word === "-j" || word === "--json_output");

/** The whole command line. */
export function createProgram(): Command {
  const program = new Command("hanamictl")
    .description("Command line client for a hanami-webgpu or OpenHanami server")
    .configureOutput({
      outputError: (text, write) =>
        write(wantsJson() ? errorJson(text.replace(/^error: /, "").trimEnd()) : text.replace(/^error: /, "Error: ")),
    })
    // Common options are declared for every command: the root would otherwise find them in values of other options.
    .enablePositionalOptions()
    .addHelpText("after", ENVIRONMENT);
  withCommonOptions(program);
  addTableCommands(program);
  addProjectCommands(program);
  addUserCommands(program);
  addKeyCommands(program);
  addDatasetCommands(program);
  addClusterCommands(program);
  addTaskCommands(program);
  addCheckpointCommands(program);
  addHostCommands(program);
  addLogCommands(program);
  addSystemCommands(program);
  addEventsCommand(program);
  addHelpCommands(program);
  tab(program, { completionCommandName: "completion" });
  return program;
}
