import type { Command } from "commander";
import type { HanamiClient } from "hanami-sdk";
import { connect } from "./connect.ts";
import { report } from "./errors.ts";
import { Printer } from "./output/printer.ts";

interface CommonOptions {
  json_output?: true;
  insecure?: true;
  project?: string;
}

/** Context of a command. */
export interface Run<Options> {
  readonly options: Options;
  readonly asJson: boolean;
  readonly print: Printer;
  /** Logs in. Commands read their files and arguments first, so that their errors are reported at once. */
  readonly connect: () => Promise<HanamiClient>;
}

/** Adds the options of all commands, which are accepted anywhere on the command line. */
export function withCommonOptions(command: Command): Command {
  return command
    .option("-j, --json_output", "print JSON instead of a table")
    .option("--insecure", "do not check the server's certificate")
    .option("--project <PROJECT_ID>", "work in this project (else HANAMI_PROJECT, else the user's first one)");
}

/** Adds a group of commands, such as `dataset`. */
export function addGroup(parent: Command, name: string, description: string): Command {
  return withCommonOptions(parent.command(name).description(description));
}

/** Adds a command, such as `get <UUID>`; options and `action(run(…))` follow. */
export function addCommand(group: Command, usage: string, description: string): Command {
  return withCommonOptions(group.command(usage).description(description));
}

/** Adapts a function of a command's context and arguments to commander's callback. */
export function run<Options = object>(
  action: (run: Run<Options>, ...args: string[]) => Promise<void>,
): (...given: unknown[]) => Promise<void> {
  return async (...given) => {
    const command = given.at(-1) as Command;
    const options = command.optsWithGlobals<Options & CommonOptions>();
    const { json_output: asJson = false, insecure = false, project } = options;
    const print = new Printer({ asJson });
    await action({ options, asJson, print, connect: () => connect({ insecure, project }) }, ...command.args);
  };
}

/** Like `run`, for commands that upstream's tool does not have, and which report errors in their own way. */
export function runOwn<Options = object>(
  action: (run: Run<Options>, ...args: string[]) => Promise<void>,
): (...given: unknown[]) => Promise<void> {
  return run<Options>(async (context, ...args) => {
    try {
      await action(context, ...args);
    } catch (error) {
      process.exitCode = report(error, { asJson: context.asJson, isOwn: true });
    }
  });
}
