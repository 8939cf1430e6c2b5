import type { OutputScores } from "../resources/tasks.ts";
import type { FileSource } from "../upload.ts";
import { knownTable, uploadLearnt } from "./learnt-table.ts";
import { TableError, Undo, type TableResources } from "./resources.ts";

export interface EvaluateOptions {
  /** The column with the targets; default: the one that the cluster has learnt. */
  target?: string;
  onProgress?: (progress: { step: "upload" | "measure"; share: number }) => void;
  signal?: AbortSignal;
}

/** How far a cluster's answers are from the targets of a file. */
export interface Evaluated {
  cluster_uuid: string;
  target: string;
  kind: "class" | "number";
  rows: number;
  metrics: OutputScores;
  /** Scores of the commonest class or the mean. */
  baseline: OutputScores;
  warnings: string[];
}

const isNumber = (text: string) => text.trim() !== "" && Number.isFinite(Number(text));

/** Compares a cluster's answers to the rows of a file with the targets there. */
export async function evaluate(
  resources: TableResources,
  cluster: string,
  source: FileSource,
  { target, onProgress, signal }: EvaluateOptions = {},
): Promise<Evaluated> {
  const { datasets, tasks } = resources;
  const cluster_uuid = await resources.clusters.find(cluster);
  const { learnt, outputs } = await knownTable(resources, cluster_uuid);
  const [output, second] = outputs;
  if (output === undefined || second !== undefined) {
    throw new TableError("The cluster has several targets: use a task that evaluates.");
  }
  const name = target ?? output.column;
  // Texts that spell numbers are classes, too; where others do not, the column has texts.
  const kind = output.kind === "number" ? "number" : output.classes.every(isNumber) ? undefined : "category";
  const uploaded = await uploadLearnt(
    resources,
    { source, learnt, targets: [{ name, kind }] },
    {
      onProgress: ({ sentBytes, totalBytes }) => onProgress?.({ step: "upload", share: sentBytes / totalBytes }),
      signal,
    },
  );
  const undo = new Undo();
  const { uuid: dataset_uuid } = uploaded.dataset;
  undo.add(`dataset ${dataset_uuid}`, () => datasets.delete(dataset_uuid));
  try {
    const { hexagon_name } = output;
    const outputBinding = { hexagon_name, dataset_uuid, dataset_column: name };
    const { inputs } = uploaded;
    const task = await tasks.evaluate({ name: "scores for a client", cluster_uuid, inputs, outputs: [outputBinding] });
    undo.add(`task ${task.uuid}`, () => tasks.delete(task));
    const finished = await tasks.wait(task, { signal });
    const [metrics, baseline] = [finished.metrics?.[hexagon_name], finished.baseline?.[hexagon_name]];
    if (metrics === undefined || baseline === undefined) throw new TableError("The server has measured nothing.");
    const warnings = [...new Set([...uploaded.warnings, ...(finished.warnings ?? [])])];
    return { cluster_uuid, target: name, kind: output.kind, rows: metrics.rows, metrics, baseline, warnings };
  } finally {
    await undo.run();
  }
}
