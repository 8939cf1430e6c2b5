import type { Command } from "commander";
import { addCommand, addGroup, run } from "../command.ts";

const FIELDS = ["uuid", "name", "visibility", "owner_id", "project_id", "created_at"];

/** `hanamictl checkpoint …` */
export function addCheckpointCommands(program: Command): void {
  const group = addGroup(program, "checkpoint", "Look at and delete checkpoints of clusters");

  addCommand(group, "get <CHECKPOINT_UUID>", "Show a checkpoint").action(
    run(async ({ print, connect }, uuid) => {
      const client = await connect();
      print.object(await client.checkpoints.get(uuid), FIELDS);
    }),
  );

  addCommand(group, "list", "List all visible checkpoints")
    .allowExcessArguments()
    .action(
      run(async ({ print, connect }) => {
        const client = await connect();
        print.list(await client.request("GET", "/checkpoint/all"), FIELDS);
      }),
    );

  addCommand(group, "delete <CHECKPOINT_UUID>", "Delete a checkpoint").action(
    run(async ({ print, connect }, uuid) => {
      const client = await connect();
      await client.checkpoints.delete(uuid);
      print.message(`successfully deleted checkpoint '${uuid}'`);
    }),
  );
}
