import type { Command } from "commander";
import { addCommand, addGroup, run } from "../command.ts";
import { pageOf, type PageOptions, withPage } from "../input/page.ts";
import { openFile } from "../input/files.ts";
import { downloadTo, withDestination, type Destination } from "./download.ts";
import { withProgress } from "./upload.ts";

const FIELDS = ["uuid", "name", "visibility", "owner_id", "project_id", "created_at"];

/** `hanamictl checkpoint …` */
export function addCheckpointCommands(program: Command): void {
  const group = addGroup(program, "checkpoint", "Look at, download, upload and delete checkpoints of clusters");
  addFileCommands(group);

  addCommand(group, "get <CHECKPOINT_UUID>", "Show a checkpoint").action(
    run(async ({ print, connect }, uuid) => {
      const client = await connect();
      print.object(await client.checkpoints.get(uuid), FIELDS);
    }),
  );

  withPage(addCommand(group, "list", "List all visible checkpoints"))
    .allowExcessArguments()
    .action(
      run<PageOptions>(async ({ options, print, connect }) => {
        const client = await connect();
        print.list(await client.request("GET", "/checkpoint/all", pageOf(options)), FIELDS);
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

function addFileCommands(group: Command): void {
  addCommand(group, "create <NAME>", "Upload a file as a new checkpoint")
    .requiredOption("-i, --input <FILE>", "file that was downloaded from this or another server")
    .action(
      run<{ input: string }>(async ({ options, print, connect }, name) => {
        const file = await openFile(options.input);
        const client = await connect();
        print.object(await withProgress((each) => client.checkpoints.upload({ name, file }, each)), FIELDS);
      }),
    );

  const download = addCommand(group, "download <CHECKPOINT_UUID>", "Save a checkpoint as a safetensors file");
  withDestination(download, "checkpoint").action(
    run<Destination>(async (context, uuid) => {
      const what = { kind: "checkpoint", uuid, fallback: `${uuid}.safetensors` };
      await downloadTo(context, what, (client) => client.checkpoints.download(uuid));
    }),
  );
}
