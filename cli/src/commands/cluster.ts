import { Option, type Command } from "commander";
import { addCommand, addGroup, run } from "../command.ts";
import { pageOf, type PageOptions, withPage } from "../input/page.ts";
import { CliError } from "../errors.ts";
import { definedOnly } from "../input/defined-only.ts";
import { readText } from "../input/files.ts";
import { integer } from "../input/numbers.ts";
import { addDirectCommands } from "./cluster-direct.ts";

const FIELDS = ["uuid", "name", "visibility", "owner_id", "project_id", "created_at"];
const GET_FIELDS = [
  "uuid",
  "name",
  "visibility",
  "owner_id",
  "number_of_blocks",
  "number_of_sections",
  "project_id",
  "created_at",
];
const DETAIL_FIELDS = [
  "host_uuid",
  "host_state",
  "host_error",
  "mode",
  "number_of_cycles",
  "number_of_neurons",
  "number_of_synapses",
  "bytes",
  "hexagons",
  "score",
];

/** `hanamictl cluster …` */
export function addClusterCommands(program: Command): void {
  const group = addGroup(program, "cluster", "Create, move, save and use clusters");

  addCreateCommand(group);

  addCommand(group, "get <CLUSTER_UUID>", "Show a cluster")
    .option("--details", "show also where it computes and how large it is")
    .action(
      run<{ details?: true }>(async ({ options, print, connect }, uuid) => {
        const client = await connect();
        print.object(await client.clusters.get(uuid), GET_FIELDS, options.details ? DETAIL_FIELDS : []);
      }),
    );

  withPage(addCommand(group, "list", "List all visible clusters"))
    .allowExcessArguments()
    .action(
      run<PageOptions>(async ({ options, print, connect }) => {
        const client = await connect();
        print.list(await client.request("GET", "/cluster/all", pageOf(options)), FIELDS);
      }),
    );

  addCommand(group, "delete <CLUSTER_UUID>", "Delete a cluster").action(
    run(async ({ print, connect }, uuid) => {
      const client = await connect();
      await client.clusters.delete(uuid);
      print.message(`successfully deleted cluster '${uuid}'`);
    }),
  );

  addStateCommands(group);
  addDirectCommands(group);
}

interface CreateOptions {
  template?: string;
  checkpoint?: string;
  host?: string;
  seed?: number;
}

function addCreateCommand(group: Command): void {
  addCommand(group, "create <NAME>", "Create a cluster, of a template or of a checkpoint")
    .option("-t, --template <FILE>", "file with the cluster template")
    .addOption(
      new Option("-c, --checkpoint <CHECKPOINT_UUID>", "begin with the network, template and seed of this checkpoint")
        // A checkpoint contains both.
        .conflicts(["template", "seed"]),
    )
    .option("--host <HOST_UUID>", "host to compute on")
    .option("--seed <NUMBER>", "the same seed and training give the same network", integer)
    .action(
      run<CreateOptions>(async ({ options, print, connect }, name) => {
        const { template: file, checkpoint: checkpoint_uuid, host: host_uuid, seed } = options;
        if (file === undefined && checkpoint_uuid === undefined) {
          throw new CliError("A cluster needs a template (-t) or a checkpoint (-c)");
        }
        const template = file === undefined ? undefined : await readText(file);
        const client = await connect();
        const cluster = { name, ...definedOnly({ template, checkpoint_uuid, host_uuid, seed }) };
        print.object(await client.clusters.create(cluster), FIELDS);
      }),
    );
}

function addStateCommands(group: Command): void {
  addCommand(group, "save <CLUSTER_UUID>", "Queue a task that saves the cluster's state as a checkpoint")
    .requiredOption("-n, --name <NAME>", "name of the checkpoint")
    .option("--wait", "return when the checkpoint is there")
    .action(
      run<{ name: string; wait?: true }>(async ({ options, print, connect }, cluster_uuid) => {
        const client = await connect();
        const checkpoint = await client.clusters.save({ cluster_uuid, name: options.name });
        if (options.wait) await client.tasks.wait({ uuid: checkpoint.uuid, cluster_uuid });
        print.object(checkpoint, ["uuid", "name"]);
      }),
    );

  addCommand(group, "restore <CLUSTER_UUID>", "Queue a task that brings the cluster to the state of a checkpoint")
    .requiredOption("-c, --checkpoint <CHECKPOINT_UUID>", "the checkpoint")
    .option("--wait", "return when the cluster has that state")
    .action(
      run<{ checkpoint: string; wait?: true }>(async ({ options, print, connect }, cluster_uuid) => {
        const client = await connect();
        const task = await client.clusters.restore({ cluster_uuid, checkpoint_uuid: options.checkpoint });
        if (options.wait) await client.tasks.wait({ uuid: task.uuid, cluster_uuid });
        print.object(task, ["uuid"]);
      }),
    );

  addCommand(group, "switch-host <CLUSTER_UUID> <HOST_UUID>", "Move a cluster to another host").action(
    run(async ({ print, connect }, cluster_uuid, host_uuid) => {
      const client = await connect();
      print.object(await client.clusters.switchHost({ cluster_uuid, host_uuid }), FIELDS);
    }),
  );

  addCommand(
    group,
    "set-mode <CLUSTER_UUID> <MODE>",
    "Let a cluster work on tasks (TASK) or on direct IO (DIRECT)",
  ).action(
    run(async ({ print, connect }, uuid, mode) => {
      const new_state = mode.toUpperCase();
      if (new_state !== "TASK" && new_state !== "DIRECT") throw new CliError("The mode must be TASK or DIRECT");
      const client = await connect();
      const answer = await client.request("PUT", "/cluster/set_mode", { uuid, new_state });
      print.object(answer as object, ["uuid", "name", "new_state"]);
    }),
  );
}
