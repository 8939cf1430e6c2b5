import { InvalidArgumentError, Option, type Command } from "commander";
import {
  downloadFormats,
  uploadFormats,
  type ColumnKind,
  type Dataset,
  type DownloadFormat,
  type FileFormat,
} from "hanami-sdk";
import { addCommand, addGroup, run } from "../command.ts";
import { definedOnly } from "../input/defined-only.ts";
import { openFile } from "../input/files.ts";
import { printable } from "../output/printable.ts";
import type { Printer } from "../output/printer.ts";
import { downloadTo, withDestination, type Destination } from "./download.ts";
import { withProgress } from "./upload.ts";

/** Fields of the table that shows a dataset. */
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

/** Descriptions of files, where the CLI's text differs from the API's. */
const FILES: Partial<Record<FileFormat, string>> = {
  arrow: "an Arrow file or stream, or a Feather file",
  npy: "an array that NumPy saved",
};

type UploadOption = (typeof uploadFormats)[FileFormat]["options"][number];

/** Adds the CLI option for each parameter of an upload's last step. */
const ADD_OPTIONS: Record<UploadOption, (command: Command) => Command> = {
  column_name: (command) => command.option("-c, --column <NAME>", "name of its one column group (default: data)"),
  has_header: (command) =>
    command
      .option("--header", "the first line has the names of the columns, although they are numbers")
      .option("--no-header", "the first line has values; the columns are called column_0, column_1, …"),
  exact: (command) =>
    command.option("--exact", "refuse numbers and times that a 32-bit float changes, other than rounding decimals"),
  drop: (command) => command.option("--drop <COLUMN>", "leave a column out (repeatable)", collected),
  kinds: (command) =>
    command.option("--kind <COLUMN=KIND>", `kind of a column: ${KINDS.join(", ")} (repeatable)`, collectedKind),
  missing: (command) =>
    command.option("--missing <TEXT>", "text of missing cells instead of NA, null, … (repeatable)", collected),
  delimiter: (command) =>
    command.addOption(new Option("--delimiter <CHARACTER>", "what separates cells").choices([",", ";", "tab", "|"])),
  decimal: (command) =>
    command.addOption(new Option("--decimal <CHARACTER>", "decimal mark of numbers").choices([".", ","])),
  encoding: (command) =>
    command.addOption(
      new Option("--encoding <NAME>", "encoding of the text").choices(["utf-8", "utf-16le", "utf-16be", "latin1"]),
    ),
};

const KINDS: readonly ColumnKind[] = ["number", "category", "time"];

const collected = (text: string, before: string[] = []) => [...before, text];

/** Adds `COLUMN=KIND`; a name may contain `=`. */
function collectedKind(text: string, before: Record<string, ColumnKind> = {}): Record<string, ColumnKind> {
  const at = text.lastIndexOf("=");
  const kind = KINDS.find((each) => each === text.slice(at + 1));
  if (at < 1 || kind === undefined) throw new InvalidArgumentError(`Expected COLUMN=KIND, with ${KINDS.join(", ")}.`);
  return Object.fromEntries([...Object.entries(before), [text.slice(0, at), kind]]);
}

interface CreateOptions {
  input: string;
  column?: string;
  header?: boolean;
  exact?: true;
  drop?: string[];
  kind?: Record<string, ColumnKind>;
  missing?: string[];
  delimiter?: ",";
  decimal?: ",";
  encoding?: "utf-8";
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
        showNew(print, await withProgress((each) => client.datasets.uploadMnist(upload, each)));
      }),
    );

  for (const format of Object.keys(uploadFormats) as FileFormat[]) {
    const what = FILES[format] ?? uploadFormats[format].file;
    const command = addCommand(create, `${format} <NAME>`, `Upload ${what}`);
    command.requiredOption("-i, --input <FILE>", "the file");
    const taken = new Set<string>(uploadFormats[format].options);
    for (const [option, add] of Object.entries(ADD_OPTIONS)) if (taken.has(option)) add(command);
    command.action(
      run<CreateOptions>(async ({ options, print, connect }, name) => {
        const { input, column: column_name, header: has_header, kind: kinds, ...others } = options;
        const { exact, drop, missing, delimiter, decimal, encoding } = others;
        const file = await openFile(input);
        const client = await connect();
        const given = { column_name, has_header, exact, drop, kinds, missing, delimiter, decimal, encoding };
        const upload = { name, file, format, ...definedOnly(given) };
        showNew(print, await withProgress((each) => client.datasets.uploadFile(upload, each)));
      }),
    );
  }
}

/** Prints a new dataset, and the warnings of its import on standard error; `-j` also includes them in the dataset. */
function showNew(print: Printer, dataset: Dataset): void {
  print.object(dataset, DATASET_FIELDS);
  for (const warning of dataset.warnings ?? []) process.stderr.write(`warning: ${printable(warning)}\n`);
}

interface DownloadOptions extends Destination {
  format: DownloadFormat;
  column?: string;
}

/** `hanamictl dataset download` */
export function addDownloadCommand(group: Command): void {
  const command = addCommand(group, "download <DATASET_UUID>", "Save a whole dataset as a file")
    .addOption(new Option("-f, --format <FORMAT>", "kind of file").choices(downloadFormats).default("csv"))
    .option("-c, --column <NAME>", "only this column group");
  withDestination(command, "dataset").action(
    run<DownloadOptions>(async (context, uuid) => {
      const { format, column } = context.options;
      const query = { uuid, format, ...(column === undefined ? {} : { column_name: column }) };
      const what = { kind: "dataset", uuid, fallback: `${uuid}.${format}` };
      await downloadTo(context, what, (client) => client.datasets.download(query));
    }),
  );
}
