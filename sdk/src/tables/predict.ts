import type { Download } from "../download.ts";
import type { DownloadFormat, FileFormat } from "../formats.ts";
import type { FileSource } from "../upload.ts";
import type { CsvDialect } from "./csv-head.ts";
import { columnNames, knownTable, uploadLearnt } from "./learnt-table.ts";
import { TableError, Undo, type TableResources } from "./resources.ts";
import { CsvSplitter } from "./splitter.ts";

export interface PredictOptions {
  onProgress?: (progress: { step: "upload" | "predict"; share: number }) => void;
  signal?: AbortSignal;
}

/** Answers to the rows of a file, on the server; gone when the work with them ends. */
export interface PredictedTable {
  rows: number;
  /** The names of the columns of answers, in order: `predicted_COLUMN` and, for classes, `probability_CLASS` each. */
  columns: string[];
  /** Those of them whose cells are texts. */
  labels: string[];
  format: FileFormat;
  /** How a CSV file is written. */
  dialect: CsvDialect | undefined;
  warnings: string[];
  /** The answers as a file; with the file's own columns if they were kept. */
  download: (format: DownloadFormat) => Promise<Download>;
}

/** A row of answers by column. */
export type PredictedRow = Record<string, string | number>;

const NAME_LENGTH_MAX = 254;

/**
 * Asks a cluster for answers to the rows of a file, and deletes what the server made for them after `use`. `keep` puts
 * the file's columns before the answers. Throws TableError for files that the cluster cannot take.
 */
export async function predictWith<T>(
  resources: TableResources,
  cluster: string,
  source: FileSource,
  use: (table: PredictedTable) => Promise<T>,
  { keep = false, onProgress, signal }: PredictOptions & { keep?: boolean } = {},
): Promise<T> {
  const { datasets, tasks } = resources;
  const cluster_uuid = await resources.clusters.find(cluster);
  const { learnt, outputs } = await knownTable(resources, cluster_uuid);
  const uploaded = await uploadLearnt(
    resources,
    { source, learnt, keepAll: keep },
    {
      onProgress: ({ sentBytes, totalBytes }) => onProgress?.({ step: "upload", share: sentBytes / totalBytes }),
      signal,
    },
  );
  const undo = new Undo();
  const { dataset } = uploaded;
  undo.add(`dataset ${dataset.uuid}`, () => datasets.delete(dataset.uuid));
  try {
    const own = keep ? columnNames(dataset) : [];
    const results = outputs.map(({ hexagon_name, column }) => {
      const name = `predicted_${column}`;
      let dataset_column = name.length > NAME_LENGTH_MAX ? `predicted_${hexagon_name}` : name;
      while (own.includes(dataset_column)) dataset_column += "_";
      return { hexagon_name, dataset_column };
    });
    const task = await tasks.request({
      name: "answers for a client",
      cluster_uuid,
      inputs: uploaded.inputs,
      results,
      keep_columns: own,
    });
    undo.add(`task ${task.uuid}`, () => tasks.delete(task));
    undo.add(`dataset ${task.uuid}`, () => datasets.delete(task.uuid));
    const finished = await tasks.wait(task, { signal });
    const result = await datasets.get(task.uuid);
    return await use({
      rows: result.number_of_rows,
      columns: columnNames(result).slice(own.length),
      labels: results
        .filter((_, index) => outputs[index]?.kind === "class")
        .map(({ dataset_column }) => dataset_column),
      format: uploaded.format,
      dialect: uploaded.dialect,
      warnings: [...new Set([...uploaded.warnings, ...(finished.warnings ?? [])])],
      download: (format) => datasets.download({ uuid: task.uuid, format }),
    });
  } finally {
    await undo.run();
  }
}

/** The answers of a cluster to the rows of a file, in order, and what the server has to say about them. */
export function predict(
  resources: TableResources,
  cluster: string,
  source: FileSource,
  options: PredictOptions = {},
): Promise<{ rows: PredictedRow[]; warnings: string[] }> {
  const read = async ({ labels, warnings, download }: PredictedTable) => {
    const texts = new Set(labels);
    const rows: PredictedRow[] = [];
    for await (const { names, cells } of namedRows(await download("csv"))) {
      const entries = names.map((name, at) => [name, texts.has(name) ? cells[at]! : Number(cells[at])] as const);
      rows.push(Object.fromEntries(entries));
    }
    return { rows, warnings };
  };
  return predictWith(resources, cluster, source, read, options);
}

/** The rows of a CSV file that the server sends, with the names of its columns. */
export async function* namedRows({ body }: Download): AsyncGenerator<{ names: string[]; cells: string[] }> {
  const splitter = new CsvSplitter(",");
  const decoder = new TextDecoder();
  let names: string[] | undefined;
  const reader = body.getReader();
  const take = function* (rows: { cells: string[] }[]) {
    for (const { cells } of rows) {
      if (names === undefined) names = cells;
      else if (cells.length === names.length) yield { names, cells };
      else throw new TableError("The server's answer is no table.");
    }
  };
  for (;;) {
    const { done, value } = await reader.read();
    yield* take(done ? splitter.end() : splitter.write(decoder.decode(value, { stream: true })));
    if (done) return;
  }
}
