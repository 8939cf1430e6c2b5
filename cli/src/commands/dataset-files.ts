import { Option, type Command } from "commander";
import type { DownloadQuery, FileFormat, UploadOptions } from "hanami-sdk";
import { addCommand, addGroup, run } from "../command.ts";
import { openFile } from "../input/files.ts";
import { checkFree, printFile, safeName, saveFile } from "../output/save-file.ts";
import { createProgress } from "../progress.ts";

/** Rows of the table that shows a dataset. */
export const DATASET_FIELDS = [
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

/** Kinds of files that are a dataset each, both ways. */
const FORMATS: readonly { format: FileFormat; description: string }[] = [
  { format: "csv", description: "Upload a CSV file with a header line" },
  { format: "parquet", description: "Upload a Parquet file" },
  { format: "arrow", description: "Upload an Arrow file or stream, or a Feather file" },
  { format: "npy", description: "Upload an array that NumPy saved" },
];

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

/** `hanamictl dataset create …` */
export function addUploadCommands(group: Command): void {
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
        print.object(await withProgress((each) => client.datasets.uploadMnist(upload, each)), DATASET_FIELDS);
      }),
    );

  for (const { format, description } of FORMATS) {
    const command = addCommand(create, `${format} <NAME>`, description).requiredOption(
      "-i, --input <FILE>",
      "the file",
    );
    if (format === "npy") command.option("-c, --column <NAME>", "name of its one column group (default: data)");
    command.action(
      run<{ input: string; column?: string }>(async ({ options, print, connect }, name) => {
        const { input, column } = options;
        const file = await openFile(input);
        const client = await connect();
        const upload = { name, file, format, ...(column === undefined ? {} : { column_name: column }) };
        print.object(await withProgress((each) => client.datasets.uploadFile(upload, each)), DATASET_FIELDS);
      }),
    );
  }
}

interface DownloadOptions {
  format: FileFormat;
  column?: string;
  output?: string;
  force?: true;
}

/** `hanamictl dataset download` */
export function addDownloadCommand(group: Command): void {
  addCommand(group, "download <DATASET_UUID>", "Save a whole dataset as a file")
    .addOption(
      new Option("-f, --format <FORMAT>", "kind of file").choices(FORMATS.map(({ format }) => format)).default("csv"),
    )
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
