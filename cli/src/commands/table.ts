import { basename, extname } from "node:path";
import { Readable } from "node:stream";
import { Option, type Command } from "commander";
import {
  formatOf,
  nameFrom,
  readHead,
  TableError,
  type Download,
  type DownloadFormat,
  type FitProgress,
  type PredictedTable,
  type RollingScores,
} from "hanami-sdk";
import { addCommand, runOwn } from "../command.ts";
import { endSignal } from "../end-signal.ts";
import { definedOnly } from "../input/defined-only.ts";
import { openFile } from "../input/files.ts";
import { integer } from "../input/numbers.ts";
import { printable } from "../output/printable.ts";
import { checkFree, printWhileRead, saveFile } from "../output/save-file.ts";
import { confusionTable, leadingScore, scoresTable } from "../output/score-report.ts";
import { renderTable } from "../output/table.ts";
import { createProgress, type Progress } from "../progress.ts";
import { appendAnswers } from "../tables/append-answers.ts";
import { RowSource } from "../tables/row-source.ts";

/** `hanamictl fit`, `predict`, `evaluate` and `learn`: from a table to predictions. */
export function addTableCommands(program: Command): void {
  addFit(program);
  addPredict(program);
  addEvaluate(program);
  addLearn(program);
}

/** Warnings on standard error; with `-j` they are in the result, and standard error is for errors. */
function warn(warnings: readonly string[], asJson: boolean): void {
  if (!asJson) for (const warning of warnings) process.stderr.write(`warning: ${printable(warning)}\n`);
}

/** Draws progress while work is done, and ends it also after an error. */
async function withProgress<T>(plain: "lines" | "silent", work: (progress: Progress) => Promise<T>): Promise<T> {
  const progress = createProgress({ plain });
  try {
    return await work(progress);
  } finally {
    progress.end();
  }
}

const collected = (text: string, before: string[] = []) => [...before, text];

interface FitCommand {
  target: string;
  drop?: string[];
  name?: string;
  seed?: number;
  kind?: "class" | "number";
  keep_index?: true;
  keep_on_failure?: true;
}

function addFit(program: Command): void {
  addCommand(program, "fit <FILE>", "Learn a column of a table (CSV, Parquet, Arrow) from its other columns")
    .requiredOption("--target <COLUMN>", "the column to learn")
    .option("--drop <COLUMN>", "leave a column out, such as an id or free text (repeatable)", collected)
    .option("--name <NAME>", "of the cluster (default: the file's)")
    .option("--seed <NUMBER>", "the same seed and file give the same network", integer)
    .addOption(
      new Option(
        "--kind <KIND>",
        "learn the target as this (default: texts and few whole numbers are classes)",
      ).choices(["class", "number"]),
    )
    .option("--keep_index", "learn also from a first column that only counts the rows")
    .option("--keep_on_failure", "keep what was made when something fails")
    .action(
      runOwn<FitCommand>(async ({ options, asJson, print, connect }, path) => {
        const { target, drop, seed, kind, keep_index: keepIndex, keep_on_failure: keepOnFailure } = options;
        const file = await openFile(path);
        const signal = endSignal();
        const client = await connect();
        const name = options.name ?? nameFrom(basename(path));
        const given = definedOnly({ drop, seed, kind, keepIndex, keepOnFailure });
        const fitted = await withProgress(asJson ? "silent" : "lines", (progress) => {
          const onProgress = ({ step, share, metrics }: FitProgress) => {
            // Uploads show a bar on a terminal only.
            if (step === "upload" && !process.stderr.isTTY) return;
            progress.update({ label: step, share, count: leadingScore(metrics) });
          };
          return client.fit(file, { target, name, ...given, onProgress, signal });
        });
        warn(fitted.warnings, asJson);
        print.custom(fitted, () => {
          const { cluster_uuid, cluster_name, epochs, reason, metrics, baseline } = fitted;
          const what = fitted.kind === "class" ? "classes" : "a number";
          return (
            `held out of the first training, to measure:\n${scoresTable(metrics, baseline)}` +
            `cluster '${cluster_name}' (${cluster_uuid}) has learnt '${printable(target)}' as ${what} from all rows, ` +
            `${epochs} times. ${printable(reason)}\n`
          );
        });
      }),
    );
}

const FORMATS: Record<string, DownloadFormat> = {
  ".csv": "csv",
  ".parquet": "parquet",
  ".arrow": "arrow",
  ".feather": "arrow",
};

function addPredict(program: Command): void {
  addCommand(
    program,
    "predict <CLUSTER> <FILE>",
    "Add the answers of a cluster, by uuid or name, to the rows of a table",
  )
    .requiredOption("-o, --output <FILE>", "where to save the rows and answers, - for standard output")
    .option("--force", "replace a file that exists")
    .action(
      runOwn<{ output: string; force?: true }>(async ({ options, asJson, print, connect }, cluster, path) => {
        const { output, force = false } = options;
        const file = await openFile(path);
        if (output !== "-") await checkFree(output, force);
        const own = await formatOf(file);
        const format = FORMATS[extname(output).toLowerCase()] ?? (own === "npy" ? "csv" : own);
        const isSpliced = own === "csv" && format === "csv";
        const signal = endSignal();
        const client = await connect();
        const warnings: string[] = [];
        const save = async (table: PredictedTable) => {
          warnings.push(...table.warnings);
          if (table.dialect?.isGzip === true && isSpliced) warnings.push("the answers are not packed with gzip");
          const download = isSpliced
            ? spliced(path, table, (text) => warnings.push(text))
            : await table.download(format);
          if (output === "-") await printWhileRead(download);
          else await saveFile(download, output);
          return { rows: table.rows, columns: table.columns };
        };
        const { rows, columns } = await withProgress("silent", (progress) =>
          client.predictWith(cluster, file, save, {
            keep: !isSpliced,
            signal,
            onProgress: ({ step, share }) => progress.update({ label: step, share, count: "" }),
          }),
        );
        warn(warnings, asJson);
        if (output === "-") return;
        const line = `successfully saved ${rows} rows with ${columns.length} columns of answers as '${output}'`;
        print.message(line, { file: output, rows, columns, warnings });
      }),
    );
}

function spliced(path: string, table: PredictedTable, onWarning: (text: string) => void): Download {
  if (table.dialect === undefined) throw new TableError("The file is no CSV file.");
  const rows = Readable.from(appendAnswers(path, table.dialect, table, onWarning), { objectMode: false });
  return { fileName: undefined, bytes: undefined, body: Readable.toWeb(rows) as Download["body"] };
}

function addEvaluate(program: Command): void {
  addCommand(
    program,
    "evaluate <CLUSTER> <FILE>",
    "Compare the answers of a cluster, by uuid or name, with a table's target",
  )
    .option("--target <COLUMN>", "the column with the target (default: the one that was learnt)")
    .action(
      runOwn<{ target?: string }>(async ({ options, asJson, print, connect }, cluster, path) => {
        const file = await openFile(path);
        const signal = endSignal();
        const client = await connect();
        const evaluated = await withProgress("silent", (progress) =>
          client.evaluate(cluster, file, {
            ...options,
            signal,
            onProgress: ({ step, share }) => progress.update({ label: step, share, count: "" }),
          }),
        );
        warn(evaluated.warnings, asJson);
        const { metrics, baseline } = evaluated;
        print.custom(evaluated, () => scoresTable(metrics, baseline) + confusionTable(metrics));
      }),
    );
}

const number = (value: number | null | undefined) =>
  value === null || value === undefined ? "-" : String(Number(value.toPrecision(4)));

function rollingText({ recent, all }: RollingScores): string {
  const of = (scores: RollingScores["all"]) =>
    scores.accuracy === undefined
      ? `MAE ${number(scores.mae)}, RMSE ${number(scores.rmse)}`
      : `accuracy ${scores.accuracy === null ? "-" : `${(100 * scores.accuracy).toFixed(1)} %`}`;
  return `last ${recent.rows}: ${of(recent)}; all: ${of(all)}`;
}

function rollingTable({ recent, all }: RollingScores): string {
  const names = recent.accuracy === undefined ? (["mae", "rmse"] as const) : (["accuracy"] as const);
  const rows = [recent, all].map((scores, at) => [
    at === 0 ? `last ${scores.rows}` : `all ${scores.rows}`,
    ...names.map((name) => number(scores[name])),
  ]);
  return renderTable({ header: ["rows", ...names], rows });
}

function addLearn(program: Command): void {
  addCommand(
    program,
    "learn <CLUSTER> <FILE>",
    "Teach a cluster, by uuid or name, the rows of a CSV file in their order",
  )
    .option("--prequential", "ask for each row before it is learnt, and score the answers")
    .option("--target <COLUMN>", "the column with the target (default: the one that was learnt)")
    .action(
      runOwn<{ prequential?: true; target?: string }>(async ({ options, asJson, print, connect }, cluster, path) => {
        const file = await openFile(path);
        if ((await formatOf(file)) !== "csv") throw new TableError("Rows are learnt one by one from a CSV file.");
        const { prequential = false, target } = options;
        const signal = endSignal();
        const client = await connect();
        const learnt = await withProgress(asJson ? "silent" : "lines", async (progress) => {
          const uuid = await client.clusters.find(cluster);
          const { inputs, outputs } = await client.clusters.columns(uuid);
          const known = [...inputs.flatMap(({ columns }) => columns ?? []).map(({ name }) => name), target];
          for (const { column } of outputs) known.push(column ?? undefined);
          const source = new RowSource(path, await readHead(file, new Set(known.filter((name) => name !== undefined))));
          return client.learn(uuid, source.rows(), {
            prequential,
            ...definedOnly({ target }),
            signal,
            onProgress: ({ rows: done, scores }) => {
              const count = `${done} rows${scores === undefined ? "" : `, ${rollingText(scores)}`}`;
              progress.update({ label: "learn", share: source.bytesDone / file.size, count });
            },
          });
        });
        warn(learnt.warnings, asJson);
        const { scores, learnt: count } = learnt;
        print.custom(
          learnt,
          () => (scores === undefined ? "" : rollingTable(scores)) + `${count} of ${learnt.rows} rows were learnt\n`,
        );
      }),
    );
}
