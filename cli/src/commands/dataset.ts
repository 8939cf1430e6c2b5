import type { Command } from "commander";
import type { DatasetColumn } from "hanami-sdk";
import { addCommand, addGroup, run } from "../command.ts";
import { pageOf, type PageOptions, withPage } from "../input/page.ts";
import { integer } from "../input/numbers.ts";
import { listTable, objectTable } from "../output/views.ts";
import { addDownloadCommand, addUploadCommands, DATASET_FIELDS } from "./dataset-files.ts";

const LIST_FIELDS = ["uuid", "name", "visibility", "owner_id", "project_id", "created_at"];

const COLUMN_FIELDS = ["name", "kind", "missing", "distinct", "min", "median", "max", "mean", "deviation", "commonest"];
/** Of seconds since 1970; statistics of times are shown as times. */
const MILLISECONDS = 1000;
const DIGITS = 6;
/** Categories that are shown of a column, and characters of each. */
const [COMMONEST, TEXT_LENGTH] = [4, 24];

/** One row per column: what its cells are. */
function columnsTable(columns: readonly DatasetColumn[]): string {
  const body = columns.map(({ kind, commonest, quantiles, ...column }) => {
    const shown = (value: number | null | undefined) => {
      if (value === null || value === undefined) return "";
      const date = new Date(value * MILLISECONDS);
      if (kind !== "time" || Number.isNaN(date.getTime())) return String(Number(value.toPrecision(DIGITS)));
      return date.toISOString().replace("T00:00:00.000Z", "");
    };
    const { name, width, missing, distinct, min, max, mean, deviation } = column;
    const texts = commonest
      .slice(0, COMMONEST)
      .map(({ text, count }) => `${text.length > TEXT_LENGTH ? `${text.slice(0, TEXT_LENGTH)}…` : text} (${count})`)
      .join(", ");
    const spread = deviation === null ? "" : kind === "time" ? `${Math.round(deviation)} s` : shown(deviation);
    return [
      width === 1 ? name : `${name} (${width} columns)`,
      kind,
      missing ?? "",
      distinct ?? "",
      shown(min),
      shown(quantiles[(quantiles.length - 1) / 2]),
      shown(max),
      shown(mean),
      spread,
      texts,
    ];
  });
  return listTable({ header: COLUMN_FIELDS, body }, COLUMN_FIELDS);
}

/** `hanamictl dataset …` */
export function addDatasetCommands(program: Command): void {
  const group = addGroup(program, "dataset", "Upload, look at and delete datasets");
  addUploadCommands(group);

  addCommand(group, "get <DATASET_UUID>", "Show a dataset")
    .option("--columns", "show its columns: kinds, missing cells, statistics")
    .action(
      run<{ columns?: true }>(async ({ options, print, connect }, uuid) => {
        const client = await connect();
        const dataset = await client.datasets.get(uuid);
        const warnings = dataset.warnings?.join("\n") || undefined;
        if (options.columns === true) print.custom(dataset.columns ?? [], () => columnsTable(dataset.columns ?? []));
        else print.custom(dataset, () => objectTable({ ...dataset, warnings }, DATASET_FIELDS, ["warnings"]));
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
