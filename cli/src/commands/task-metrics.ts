import { Option, type Command } from "commander";
import type { TaskMetrics } from "hanami-sdk";
import { runOwn } from "../command.ts";
import { CliError } from "../errors.ts";
import { metricsText } from "../metrics/metrics-text.ts";
import { printWhileRead } from "../output/save-file.ts";
import { checkPlot, savePlot, withPlot, type PlotOptions } from "./plot-option.ts";
import { addTaskCommand } from "./show-task.ts";
import { referencesOf } from "./task-watch.ts";

interface MetricsOptions extends PlotOptions {
  cluster: string;
  all?: true;
  csv?: true;
}

/** `hanamictl task metrics` */
export function addMetricsCommand(group: Command): void {
  const command = addTaskCommand(group, "metrics <TASK_UUID...>", "Show the curves of trainings: loss and scores")
    .option("--all", "show all points, at most 1000, instead of about twenty")
    .addOption(new Option("--csv", "print all points of one task as CSV").conflicts(["all", "json_output"]));
  withPlot(command, ", besides").action(
    runOwn<MetricsOptions>(async ({ options, asJson, print, connect }, ...uuids) => {
      const { cluster, all = false, csv = false, plot } = options;
      const references = referencesOf(uuids, cluster);
      if (csv && references.length > 1) throw new CliError("--csv takes one task");
      await checkPlot(options, references.length);
      const client = await connect();
      const metrics: TaskMetrics[] = [];
      if (!csv || plot !== undefined) {
        for (const reference of references) metrics.push(await client.tasks.metrics(reference));
      }
      if (plot !== undefined) await savePlot(plot, metrics);
      if (csv) {
        for (const reference of references) await printWhileRead(await client.tasks.downloadMetrics(reference));
        return;
      }
      print.custom(metrics.length === 1 ? metrics[0] : metrics, () =>
        metrics.map((each) => metricsText(each, all)).join("\n"),
      );
      if (plot !== undefined && !asJson) print.message(`successfully saved the picture as '${plot}'`);
    }),
  );
}
