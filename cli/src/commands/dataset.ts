import type { Command } from "commander";
import { addCommand, addGroup, run } from "../command.ts";
import { pageOf, type PageOptions, withPage } from "../input/page.ts";
import { integer } from "../input/numbers.ts";
import { objectTable } from "../output/views.ts";
import { addDownloadCommand, addUploadCommands, DATASET_FIELDS } from "./dataset-files.ts";

const LIST_FIELDS = ["uuid", "name", "visibility", "owner_id", "project_id", "created_at"];

/** `hanamictl dataset …` */
export function addDatasetCommands(program: Command): void {
  const group = addGroup(program, "dataset", "Upload, look at and delete datasets");
  addUploadCommands(group);

  addCommand(group, "get <DATASET_UUID>", "Show a dataset").action(
    run(async ({ print, connect }, uuid) => {
      const client = await connect();
      const dataset = await client.datasets.get(uuid);
      const warnings = dataset.warnings?.join("\n") || undefined;
      print.custom(dataset, () => objectTable({ ...dataset, warnings }, DATASET_FIELDS, ["warnings"]));
    }),
  );

  withPage(addCommand(group, "list", "List all visible datasets"))
    .allowExcessArguments()
    .action(
      run<PageOptions>(async ({ options, print, connect }) => {
        const client = await connect();
        print.list(await client.request("GET", "/dataset/all", pageOf(options)), LIST_FIELDS);
      }),
    );

  addCommand(group, "delete <DATASET_UUID>", "Delete a dataset").action(
    run(async ({ print, connect }, uuid) => {
      const client = await connect();
      await client.datasets.delete(uuid);
      print.message(`successfully deleted dataset '${uuid}'`);
    }),
  );

  addContentCommands(group);
  addDownloadCommand(group);
}

function addContentCommands(group: Command): void {
  addCommand(group, "check <DATASET_UUID>", "Compare the result of a request with the expected values")
    .requiredOption("-r, --reference <DATASET_UUID>", "dataset with the expected values")
    .action(
      run<{ reference: string }>(async ({ options, print, connect }, uuid) => {
        const client = await connect();
        const accuracy = await client.datasets.check({ uuid, reference_uuid: options.reference });
        print.object({ accuracy }, ["accuracy"]);
      }),
    );

  addCommand(group, "content <DATASET_UUID>", "Show some rows of a dataset")
    .requiredOption("-c, --column <NAME>", "name of the column group")
    .option("-o, --offset <ROW>", "first row, counted from 0", integer, 0)
    .option("-n, --rows <COUNT>", "number of rows", integer, 1)
    .action(
      run<{ column: string; offset: number; rows: number }>(async ({ options, print, connect }, uuid) => {
        const { column: column_name, offset: row_offset, rows: number_of_rows } = options;
        const client = await connect();
        print.matrix(await client.datasets.content({ uuid, column_name, row_offset, number_of_rows }), row_offset);
      }),
    );
}
