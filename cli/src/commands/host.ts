import type { Command } from "commander";
import { addCommand, addGroup, run } from "../command.ts";
import { pageOf, type PageOptions, withPage } from "../input/page.ts";

const FIELDS = ["uuid", "type"];
const DETAIL_FIELDS = [
  ...FIELDS,
  "name",
  "load",
  "memory_free",
  "clusters",
  "memory_total",
  "buffer_max",
  "vendor",
  "driver",
  "state",
  "error",
];

/** `hanamictl host …` */
export function addHostCommands(program: Command): void {
  const group = addGroup(program, "host", "Look at the hosts: the places where clusters compute");

  withPage(addCommand(group, "list", "List all hosts"))
    .option("--details", "show also name, load, clusters, memory in bytes, maker, driver and whether it answers")
    .allowExcessArguments()
    .action(
      run<PageOptions & { details?: true }>(async ({ options, print, connect }) => {
        const client = await connect();
        print.list(await client.request("GET", "/host/all", pageOf(options)), options.details ? DETAIL_FIELDS : FIELDS);
      }),
    );
}
