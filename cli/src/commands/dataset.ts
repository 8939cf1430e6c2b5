import { Option, type Command } from "commander";
import type { DownloadQuery, UploadOptions } from "hanami-sdk";
import { addCommand, addGroup, run } from "../command.ts";
import { openFile } from "../input/files.ts";
import { integer } from "../input/numbers.ts";
import { checkFree, printFile, safeName, saveFile } from "../output/save-file.ts";
import { createProgress } from "../progress.ts";

const FIELDS = [
  "uuid",
  "name",
  "version",
  "number_of_columns",
  "number_of_rows",
  "description",
  "visibility",
  "owner_id",
  "project_id",
  "created_at",
];
const LIST_FIELDS = ["uuid", "name", "visibility", "owner_id", "project_id", "created_at"];

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

/** Runs an upload under a progress bar, if there is a terminal to draw it on. */
async function withProgress<T>(upload: (options: UploadOptions) => Promise<T>): Promise<T> {
  const progress = createProgress({ plain: "silent" });
  try {
    return await upload({
      onProgress({ sentBytes, totalBytes }) {
        // What remains then is the server's work, and takes a while with a large file.
        const label = sentBytes < totalBytes ? "uploading" : "importing";
        const count = `${megabytes(sentBytes)}/${megabytes(totalBytes)} MB`;
        progress.update({ label, share: sentBytes / totalBytes, count });
      },
    });
  } finally {
    progress.end();
  }
}

/** `hanamictl dataset …` */
export function addDatasetCommands(program: Command): void {
  const group = addGroup(program, "dataset", "Upload, look at and delete datasets");
  addCreateCommands(group);

  addCommand(group, "get <DATASET_UUID>", "Show a dataset").action(
    run(async ({ print, connect }, uuid) => {
      const client = await connect();
      print.object(await client.datasets.get(uuid), FIELDS);
    }),
  );

  addCommand(group, "list", "List all visible datasets")
    .allowExcessArguments()
    .action(
      run(async ({ print, connect }) => {
        const client = await connect();
        print.list(await client.request("GET", "/dataset/all"), LIST_FIELDS);
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

function addCreateCommands(group: Command): void {
  const create = addGroup(group, "create", "Upload files as a new dataset");

  addCommand(create, "mnist <NAME>", "Upload a pair of IDX files: pictures and labels")
    .requiredOption("-i, --input <FILE>", "file with the pictures")
    .requiredOption("-l, --label <FILE>", "file with the labels")
    .action(
      run<{ input: string; label: string }>(async ({ options, print, connect }, name) => {
        const images = await openFile(options.input);
        const labels = await openFile(options.label);
        const client = await connect();
        const upload = { name, images, labels };
        print.object(await withProgress((each) => client.datasets.uploadMnist(upload, each)), FIELDS);
      }),
    );

  addCommand(create, "csv <NAME>", "Upload a CSV file with a header line")
    .requiredOption("-i, --input <FILE>", "the file")
    .action(
      run<{ input: string }>(async ({ options, print, connect }, name) => {
        const file = await openFile(options.input);
        const client = await connect();
        print.object(await withProgress((each) => client.datasets.uploadCsv({ name, file }, each)), FIELDS);
      }),
    );
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

const FORMATS = ["csv", "parquet", "arrow", "npy"] as const;

interface DownloadOptions {
  format: (typeof FORMATS)[number];
  column?: string;
  output?: string;
  force?: true;
}

function addDownloadCommand(group: Command): void {
  addCommand(group, "download <DATASET_UUID>", "Save a whole dataset as a file")
    .addOption(new Option("-f, --format <FORMAT>", "kind of file").choices(FORMATS).default("csv"))
    .option("-c, --column <NAME>", "only this column group")
    .option("-o, --output <FILE>", "where to save it, - for standard output (default: the dataset's name, here)")
    .option("--force", "replace a file that exists")
    .action(
      run<DownloadOptions>(async ({ options, print, connect }, uuid) => {
        const { format, column, output, force = false } = options;
        const query: DownloadQuery = { uuid, format, ...(column === undefined ? {} : { column_name: column }) };
        if (output !== undefined && output !== "-") await checkFree(output, force);
        const client = await connect();
        const download = await client.datasets.download(query);
        if (output === "-") return printFile(download);
        const file = output ?? safeName(download.fileName, `${uuid}.${format}`);
        if (output === undefined) {
          await checkFree(file, force).catch(async (error) => {
            // Else the process would wait for a file that nobody reads.
            await download.body.cancel();
            throw error;
          });
        }
        const bytes = await saveFile(download, file);
        print.message(`successfully saved dataset '${uuid}' as '${file}' (${bytes} bytes)`, { file, bytes });
      }),
    );
}
