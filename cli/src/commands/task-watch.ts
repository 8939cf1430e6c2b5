import type { Command } from "commander";
import { TaskError, type HanamiClient, type Task, type TaskReference } from "hanami-sdk";
import { run, type Run } from "../command.ts";
import { report } from "../errors.ts";
import { jsonLine } from "../output/json.ts";
import type { Printer } from "../output/printer.ts";
import { writeOut } from "../output/write-out.ts";
import { followAll, watchTasks } from "../watch/watch-tasks.ts";
import { checkPlot, savePlot, withPlot, type PlotOptions } from "./plot-option.ts";
import { addTaskCommand, showTask, showWarnings } from "./show-task.ts";

type WatchOptions = PlotOptions & { cluster: string };

/** The tasks that a command line names, each once. */
export const referencesOf = (uuids: readonly string[], cluster_uuid: string): TaskReference[] =>
  [...new Set(uuids)].map((uuid) => ({ uuid, cluster_uuid }));

/** Throws TaskError when one of the tasks did not finish. */
function checkFinished(tasks: readonly Task[]): void {
  const other = tasks.find(({ state }) => state !== "finished");
  if (other !== undefined) throw new TaskError(other);
}

interface Watched {
  /** Each event is a line of JSON. */
  asEvents: boolean;
  /** File of a picture of the curves, which `checkPlot` has accepted. */
  plot: string | undefined;
  print: Printer;
}

/**
 * Shows the progress of tasks until they have ended, and then the tasks and their curves. Throws TaskError when one did
 * not finish.
 */
export async function watchUntilEnded(
  client: HanamiClient,
  references: readonly TaskReference[],
  { asEvents, plot, print }: Watched,
): Promise<void> {
  const saveCurves = async () => {
    if (plot === undefined) return;
    const metrics = [];
    for (const reference of references) metrics.push(await client.tasks.metrics(reference));
    await savePlot(plot, metrics);
  };
  try {
    if (asEvents) await printEvents(client, references);
    else await showUntilEnded(client, references, print);
  } catch (error) {
    // The curves of a task that was aborted or failed tell the most; that it did, tells the exit code.
    if (error instanceof TaskError)
      await saveCurves().catch((other) => report(other, { asJson: asEvents, isOwn: true }));
    throw error;
  }
  await saveCurves();
}

async function showUntilEnded(
  client: HanamiClient,
  references: readonly TaskReference[],
  print: Printer,
): Promise<void> {
  const tasks = await watchTasks(client, references);
  for (const task of tasks) showTask(print, task);
  checkFinished(tasks);
}

async function printEvents(client: HanamiClient, references: readonly TaskReference[]): Promise<void> {
  const tasks = await followAll(client, references, async (event, at) => {
    const data = event.kind === "task" ? event.task : { ...references[at], point: event.point };
    await writeOut(jsonLine({ kind: event.kind, data }));
  });
  for (const task of tasks) showWarnings(task);
  checkFinished(tasks);
}

/** `hanamictl task watch` */
export function addWatchCommand(group: Command): void {
  const usage = "watch <TASK_UUID...>";
  const command = addTaskCommand(group, usage, "Show the progress of tasks until they end: loss, score, speed");
  withPlot(command, " when the tasks have ended").action(
    run<WatchOptions>(async (context, ...uuids) => {
      try {
        await watch(context, referencesOf(uuids, context.options.cluster));
      } catch (error) {
        if (!context.asJson) throw error;
        // Standard output has nothing but events.
        process.exitCode = report(error, { asJson: true, isOwn: true });
      }
    }),
  );
}

async function watch(context: Run<WatchOptions>, references: readonly TaskReference[]): Promise<void> {
  const { options, asJson: asEvents, print, connect } = context;
  await checkPlot(options, references.length);
  await watchUntilEnded(await connect(), references, { asEvents, plot: options.plot, print });
}
