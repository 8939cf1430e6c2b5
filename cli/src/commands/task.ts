import { type Command, Option } from "commander";
import type { HanamiClient, Task } from "hanami-sdk";
import { addGroup, run, type Run } from "../command.ts";
import { CliError } from "../errors.ts";
import { collect, parseColumn, parseInput, parseResult } from "../input/columns.ts";
import { definedOnly } from "../input/defined-only.ts";
import { decimal, integer, integerOrAuto } from "../input/numbers.ts";
import { pageOf, type PageOptions, withPage } from "../input/page.ts";
import { addTaskCommand, showTask } from "./show-task.ts";
import { addMetricsCommand } from "./task-metrics.ts";
import { checkPlot, type PlotOptions, withPlot } from "./plot-option.ts";
import { addWatchCommand, watchUntilEnded } from "./task-watch.ts";

const LIST_FIELDS = ["uuid", "state"];
const LIST_DETAIL_FIELDS = [...LIST_FIELDS, "percentage", "queued", "start", "end"];

interface NewTask extends PlotOptions {
  cluster: string;
  input: string[];
  except?: string[];
  time: number;
  notify_url?: string;
  wait?: true;
  watch?: true;
}

interface NewEvaluateTask extends NewTask {
  output: string[];
  target_row?: "first" | "last";
}

interface NewTrainTask extends NewEvaluateTask {
  epochs?: number | "auto";
  validation?: number;
  patience?: number;
  keep?: "best" | "last";
  batch_size?: number;
  learning_rate?: number;
  seed?: number;
}

/** Shows a new task, at once or when it has ended; with `--watch` and `-j` all of its events. */
async function showCreated(client: HanamiClient, task: Task, run: Pick<Run<NewTask>, "options" | "asJson" | "print">) {
  const { options, asJson, print } = run;
  const { plot, watch = false, wait = false } = options;
  if (watch || wait) await watchUntilEnded(client, [task], { asEvents: watch && asJson, plot, print });
  else showTask(print, task);
}

/** Throws CliError for a picture that cannot be made, before there is a task. */
async function checkPlotOfNew(options: NewTrainTask): Promise<void> {
  if (options.plot !== undefined && !options.watch && !options.wait) {
    throw new CliError("--plot needs --watch or --wait: the curves are drawn when the task has ended");
  }
  await checkPlot(options, 1);
}

/** `hanamictl task …` */
export function addTaskCommands(program: Command): void {
  const group = addGroup(program, "task", "Queue, watch and delete tasks of a cluster");
  addCreateCommands(group);

  addTaskCommand(group, "get <TASK_UUID>", "Show a task").action(
    run<{ cluster: string }>(async ({ options, print, connect }, uuid) => {
      const client = await connect();
      showTask(print, await client.tasks.get({ uuid, cluster_uuid: options.cluster }));
    }),
  );

  addWatchCommand(group);
  addMetricsCommand(group);

  withPage(addTaskCommand(group, "list", "List the tasks of a cluster"))
    .option("--details", "show also progress and times")
    .allowExcessArguments()
    .action(
      run<PageOptions & { cluster: string; details?: true }>(async ({ options, print, connect }) => {
        const client = await connect();
        const tasks = await client.request("GET", "/task/all", { cluster_uuid: options.cluster, ...pageOf(options) });
        print.list(tasks, options.details ? LIST_DETAIL_FIELDS : LIST_FIELDS);
      }),
    );

  addTaskCommand(group, "delete <TASK_UUID>", "Delete a task; one that runs is aborted first").action(
    run<{ cluster: string }>(async ({ options, print, connect }, uuid) => {
      const client = await connect();
      await client.tasks.delete({ uuid, cluster_uuid: options.cluster });
      print.message(`successfully deleted task '${uuid}'`);
    }),
  );
}

function addNewTaskCommand(group: Command, usage: string, description: string): Command {
  return addTaskCommand(group, usage, description)
    .requiredOption(
      "-i, --input <DATASET:COLUMN:HEXAGON>",
      String.raw`column group of a dataset for an input of the cluster; repeatable, or several between commas; \: \, \\ in names; * for all columns, as a table`,
      collect,
    )
    .option("--except <COLUMN>", "column that an input with the column * leaves out, likewise", collect)
    .option("-t, --time <CYCLES>", "rows that one cycle sees", integer, 1)
    .option("--notify_url <URL>", "where the server posts the end of the task")
    .option("--wait", "show the progress and return when the task has ended")
    .option("--watch", "the same, but -j prints every event as a line of JSON, as task watch does");
}

function withTarget(command: Command): Command {
  return command
    .requiredOption("-o, --output <DATASET:COLUMN:HEXAGON>", "what an output shall give, likewise", collect)
    .addOption(new Option("--target_row <ROW>", "which row of a cycle has the target").choices(["first", "last"]));
}

function addCreateCommands(group: Command): void {
  const create = addGroup(group, "create", "Queue a task");

  const train = addNewTaskCommand(create, "train <NAME>", "Queue a task that trains a cluster with datasets");
  withPlot(withTarget(train), " when the task has ended (with --watch or --wait)")
    .option("--epochs <COUNT>", "passes over the data, or auto", integerOrAuto)
    .option("--validation <SHARE>", "share of the rows that is held out, to measure on", decimal)
    .option("--patience <COUNT>", "end after so many epochs without a better score", integer)
    .addOption(new Option("--keep <STATE>", "which state of the network stays").choices(["best", "last"]))
    .option("--batch_size <COUNT>", "samples per step", integer)
    .option("--learning_rate <NUMBER>", "factor of each step", decimal)
    .option("--seed <NUMBER>", "seed of the order of rows, and of a network that has learned nothing yet", integer)
    .action(
      run<NewTrainTask>(async ({ options, asJson, print, connect }, name) => {
        const { cluster: cluster_uuid, time: time_length, validation: share } = options;
        const { epochs, patience, keep, batch_size, learning_rate, seed, target_row, notify_url } = options;
        const inputs = options.input.map((text) => parseInput(text, options.except));
        const outputs = options.output.map(parseColumn);
        const validation = share === undefined ? undefined : { share };
        const measured = definedOnly({ epochs, validation, patience, keep });
        const chosen = { ...measured, ...definedOnly({ batch_size, learning_rate, seed, target_row, notify_url }) };
        await checkPlotOfNew(options);
        const client = await connect();
        const task = await client.tasks.train({ name, cluster_uuid, inputs, outputs, time_length, ...chosen });
        await showCreated(client, task, { options, asJson, print });
      }),
    );

  withTarget(
    addNewTaskCommand(create, "evaluate <NAME>", "Queue a task that compares a cluster's answers with targets"),
  ).action(
    run<NewEvaluateTask>(async ({ options, asJson, print, connect }, name) => {
      const { cluster: cluster_uuid, time: time_length, target_row, notify_url } = options;
      const inputs = options.input.map((text) => parseInput(text, options.except));
      const outputs = options.output.map(parseColumn);
      const client = await connect();
      const chosen = definedOnly({ target_row, notify_url });
      const task = await client.tasks.evaluate({ name, cluster_uuid, inputs, outputs, time_length, ...chosen });
      await showCreated(client, task, { options, asJson, print });
    }),
  );

  addNewTaskCommand(create, "request <NAME>", "Queue a task that asks a cluster; the answers become a dataset")
    .requiredOption("-r, --result <HEXAGON:COLUMN>", "column group for the values of an output, likewise", collect)
    .option("--keep_columns <COLUMN>", "column of the first input's dataset that the result keeps, likewise", collect)
    .action(
      run<NewTask & { result: string[]; keep_columns?: string[] }>(
        async ({ options, asJson, print, connect }, name) => {
          const { cluster: cluster_uuid, time: time_length, keep_columns, notify_url } = options;
          const inputs = options.input.map((text) => parseInput(text, options.except));
          const results = options.result.map(parseResult);
          const client = await connect();
          const chosen = definedOnly({ keep_columns, notify_url });
          const task = await client.tasks.request({ name, cluster_uuid, inputs, results, time_length, ...chosen });
          await showCreated(client, task, { options, asJson, print });
        },
      ),
    );
}
