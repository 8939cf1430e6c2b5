import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { dirname } from "node:path";
import type { Command } from "commander";
import type { TaskMetrics } from "hanami-sdk";
import { CliError, fileError } from "../errors.ts";
import { checkFree, saveText } from "../output/save-file.ts";
import { drawMetrics, PLOTTED_MAX } from "../plot/draw-metrics.ts";

/** Options of `withPlot`. */
export interface PlotOptions {
  plot?: string;
  force?: boolean;
}

/** Adds the options for a picture of the curves; `when` says when it is drawn. */
export function withPlot(command: Command, when: string): Command {
  return command
    .option("--plot <FILE.svg>", `draw the curves as a picture${when}`)
    .option("--force", "replace a file that exists");
}

/** Throws CliError for a picture that cannot be made: before the curves are there, which may take hours. */
export async function checkPlot({ plot: path, force = false }: PlotOptions, tasks: number): Promise<void> {
  if (path === undefined) return;
  if (!path.toLowerCase().endsWith(".svg")) throw new CliError(`'${path}' must end in .svg, because it becomes SVG`);
  if (tasks > PLOTTED_MAX) throw new CliError(`A picture shows at most ${PLOTTED_MAX} tasks, not ${tasks}`);
  await checkFree(path, force);
  await access(dirname(path), constants.W_OK).catch((error: unknown) => {
    throw fileError("write", path, error);
  });
}

/** Draws the curves; the file is either complete or as before. */
export async function savePlot(path: string, metrics: readonly TaskMetrics[]): Promise<void> {
  await saveText(drawMetrics(metrics), path);
}
