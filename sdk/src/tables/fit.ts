import { defaultTemplates, tablePorts } from "../default-template.ts";
import type { FileFormat } from "../formats.ts";
import type { OutputScores, Task, TrainTask } from "../resources/tasks.ts";
import { TaskError } from "../resources/tasks.ts";
import { sizeOf, type FileSource } from "../upload.ts";
import { formatOf } from "./format-of.ts";
import { tableWarnings } from "./learnt-table.ts";
import { createCluster, nameFrom } from "./new-cluster.ts";
import { TableError, Undo, type TableResources } from "./resources.ts";
import { rowIndexOf } from "./row-index.ts";
import { checkTarget, type TargetKind } from "./target.ts";

export interface FitOptions {
  /** The column to learn. */
  target: string;
  /** Columns to leave out, such as ids and free text. */
  drop?: readonly string[];
  /** Of the dataset and the cluster; default: that of the file. */
  name?: string;
  /** 0…2^32 − 1. The same seed and file give the same network. */
  seed?: number;
  /** Whether the target is a class or a number; default: texts and few different whole numbers are classes. */
  kind?: TargetKind;
  /** Learn also from a first column that only counts the rows; by default it is left out. */
  keepIndex?: boolean;
  /** Share of the rows that is held out to measure what was learnt; default 0.2. */
  validationShare?: number;
  /** Default: recognised by the first bytes. */
  format?: FileFormat;
  /** Keep what was made when something fails. */
  keepOnFailure?: boolean;
  onProgress?: (progress: FitProgress) => void;
  signal?: AbortSignal;
}

export interface FitProgress {
  /** `measure` learns without the rows that are held out, `learn` all rows. */
  step: "upload" | "measure" | "learn";
  /** 0…1. */
  share: number;
  /** Scores of the rows that are held out, as soon as there are some. */
  metrics?: OutputScores;
}

/** A cluster that has learnt a table. */
export interface Fitted {
  cluster_uuid: string;
  cluster_name: string;
  dataset_uuid: string;
  /** The column that was learnt, and as what. */
  target: string;
  kind: TargetKind;
  /** Passes over the rows, and why so many. */
  epochs: number;
  reason: string;
  /** Scores of the rows that were held out, and those of the commonest class or the mean. */
  metrics: OutputScores;
  baseline: OutputScores;
  warnings: string[];
}

const DEFAULT_SHARE = 0.2;
/** Scores of fewer rows differ much from split to split. */
const FEW_ROWS = 20;
const { input, output } = tablePorts;

/**
 * Learns a column of a table from the others: uploads the file, measures on rows that are held out how well it can be
 * learnt, then trains a new cluster with all rows. Deletes what it has made when something fails. Throws TableError for
 * a target that cannot be learnt.
 */
export async function fit(resources: TableResources, source: FileSource, options: FitOptions): Promise<Fitted> {
  const undo = new Undo();
  try {
    return await fitAll(resources, source, options, undo);
  } catch (error) {
    if (options.keepOnFailure !== true) await undo.after(error);
    throw error;
  }
}

async function fitAll(resources: TableResources, source: FileSource, options: FitOptions, undo: Undo): Promise<Fitted> {
  const { datasets, clusters } = resources;
  const { target, drop = [], seed, onProgress, signal } = options;
  if (sizeOf(source) === 0) throw new TableError("The file is empty.");
  if (drop.includes(target)) throw new TableError(`The column '${target}' is the target: it cannot be left out.`);
  const name = options.name ?? nameFrom(fileName(source) ?? target);
  const format = options.format ?? (await formatOf(source));
  if (format === "npy") throw new TableError("An NPY file has no names of columns: use CSV, Parquet or Arrow.");
  const dataset = await datasets.uploadFile(
    { name, file: source, format, ...(drop.length > 0 ? { drop: [...drop] } : {}) },
    {
      onProgress: ({ sentBytes, totalBytes }) => onProgress?.({ step: "upload", share: sentBytes / totalBytes }),
      signal,
    },
  );
  const { uuid: dataset_uuid } = dataset;
  undo.add(`dataset ${dataset_uuid}`, () => datasets.delete(dataset_uuid));
  signal?.throwIfAborted();
  const checked = await checkTarget(resources, dataset, target, options.kind);

  const index = options.keepIndex === true ? undefined : rowIndexOf(dataset);
  const except = index === undefined || index === target ? [target] : [target, index];
  if (except.length === Object.keys(dataset.description).length) {
    throw new TableError(`There is no column besides the target '${target}' and '${index}', which counts the rows.`);
  }

  const seeded = seed === undefined ? {} : { seed };
  const newCluster = async (clusterName: string) => {
    const template = defaultTemplates[checked.kind];
    const cluster = await createCluster(resources, { name: clusterName, template, ...seeded });
    undo.add(`cluster ${cluster.uuid}`, () => clusters.delete(cluster.uuid));
    return cluster;
  };
  const lesson = (cluster_uuid: string): TrainTask => ({
    name: `learn ${name}`.slice(0, 254),
    cluster_uuid,
    inputs: [{ hexagon_name: input, dataset_uuid, dataset_columns: "*", except }],
    outputs: [{ hexagon_name: output, dataset_uuid, dataset_column: target }],
    ...seeded,
  });

  const trial = await newCluster(`${name} trial`);
  const share = options.validationShare ?? DEFAULT_SHARE;
  const measured = await trained(
    resources,
    { ...lesson(trial.uuid), epochs: "auto", validation: { share } },
    (task) => {
      const metrics = task.metrics?.[output];
      onProgress?.({ step: "measure", share: task.percentage_finished, ...(metrics === undefined ? {} : { metrics }) });
    },
    signal,
  );
  const [metrics, baseline] = [measured.metrics?.[output], measured.baseline?.[output]];
  const { epochs, reason = "" } = measured;
  if (metrics === undefined || baseline === undefined || epochs === undefined) {
    throw new TableError("The server does not measure on rows that are held out: it is too old for this.");
  }
  const kept = await newCluster(name);
  const final = await trained(
    resources,
    { ...lesson(kept.uuid), epochs },
    (task) => {
      onProgress?.({ step: "learn", share: task.percentage_finished, metrics });
    },
    signal,
  );
  await clusters.delete(trial.uuid);
  const unknown = metrics.unknown_class_rows ?? 0;
  const held = metrics.rows === 1 ? "row is" : "rows are";
  return {
    cluster_uuid: kept.uuid,
    cluster_name: kept.name,
    dataset_uuid,
    target,
    kind: checked.kind,
    epochs,
    reason,
    metrics,
    baseline,
    warnings: unique([
      ...tableWarnings(dataset).filter((text) => !text.startsWith(`column '${index}' counts the rows`)),
      ...checked.warnings,
      ...(except.length === 1
        ? []
        : [`column '${index}' counts the rows and is not learnt; keepIndex: true (--keep_index) learns it, too`]),
      ...(measured.warnings ?? []),
      ...(final.warnings ?? []),
      ...(unknown > 0 ? [`${unknown} of the rows that are held out have a class that no other row has`] : []),
      ...(isBetter(metrics, baseline)
        ? []
        : ["what was learnt is no better than the baseline: the other columns may not tell the target"]),
      ...(metrics.rows < FEW_ROWS ? [`only ${metrics.rows} ${held} held out: the scores are rough`] : []),
      ...(kept.name === name ? [] : [`another cluster is called '${name}': the new one is called '${kept.name}'`]),
    ]),
  };
}

/** Whether the held-out score is above that of always giving the same answer. */
function isBetter(metrics: OutputScores, baseline: OutputScores): boolean {
  if (typeof metrics.accuracy === "number") return metrics.accuracy > (baseline.accuracy ?? 0);
  return typeof metrics.rmse === "number" && metrics.rmse < (baseline.rmse ?? Infinity);
}

/** Runs a training to its end. */
async function trained(
  { tasks }: TableResources,
  lesson: TrainTask,
  onTask: (task: Task) => void,
  signal: AbortSignal | undefined,
): Promise<Task> {
  let last = await tasks.train(lesson);
  for await (const event of tasks.follow(last, signal === undefined ? {} : { signal })) {
    if (event.kind !== "task") continue;
    onTask(event.task);
    last = event.task;
  }
  if (last.state !== "finished") throw new TaskError(last);
  return last;
}

/** A `File` has a name, other blobs and bytes have none. */
const fileName = (source: FileSource) =>
  "name" in source && typeof source.name === "string" ? source.name : undefined;

const unique = (texts: readonly string[]) => [...new Set(texts)];
