import type { FileFormat } from "../formats.ts";
import type { LearntColumns, LearntOutput } from "../resources/clusters.ts";
import type { ColumnKind, Dataset, FileUpload, UploadOptions } from "../resources/datasets.ts";
import type { TaskTable } from "../resources/tasks.ts";
import type { FileSource } from "../upload.ts";
import { readHead, type CsvDialect, type CsvHead } from "./csv-head.ts";
import { formatOf, isArchive } from "./format-of.ts";
import { listed } from "./listed.ts";
import { TableError, type TableResources } from "./resources.ts";

/** A file that was uploaded for a cluster that knows its columns. */
export interface UploadedTable {
  dataset: Dataset;
  format: FileFormat;
  /** Only of CSV files. */
  dialect: CsvDialect | undefined;
  /** The bindings of the cluster's tables to the dataset. */
  inputs: TaskTable[];
  warnings: string[];
}

/** An output that answers classes or numbers, and the column that it has learnt. */
export type KnownOutput = LearntOutput & { column: string };

/** What a cluster has learnt. Throws TableError before its first training, and for clusters of other kinds. */
export async function knownTable(
  { clusters }: Pick<TableResources, "clusters">,
  cluster_uuid: string,
): Promise<{ learnt: LearntColumns; outputs: KnownOutput[] }> {
  const learnt = await clusters.columns(cluster_uuid);
  const { inputs, outputs } = learnt;
  if (inputs.length === 0 || outputs.length === 0) {
    throw new TableError("The cluster's template has no input (table), or no output (class) or (number).");
  }
  const known = outputs.filter((output): output is KnownOutput => output.column !== null);
  if (known.length < outputs.length || inputs.some(({ columns }) => columns === null)) {
    throw new TableError("The cluster has not learnt a table yet.");
  }
  return { learnt, outputs: known };
}

/** A column of targets in a file, and the kind of its cells; undefined to derive it from them. */
export interface TargetColumn {
  name: string;
  kind: ColumnKind | undefined;
}

interface LearntUpload {
  source: FileSource;
  learnt: LearntColumns;
  /** Targets that the dataset keeps. */
  targets?: readonly TargetColumn[];
  /** Keep the other columns of the file, too. */
  keepAll?: boolean;
}

/**
 * Uploads a file as a dataset with the columns that a cluster has learnt, of the kinds that it has learnt, and those of
 * `targets`. Throws TableError for a file that has none of the former, or lacks one of the latter.
 */
export async function uploadLearnt(
  { datasets }: Pick<TableResources, "datasets">,
  { source, learnt, targets = [], keepAll = false }: LearntUpload,
  options: UploadOptions,
): Promise<UploadedTable> {
  const known = new Map(learnt.inputs.flatMap(({ columns }) => columns ?? []).map(({ name, kind }) => [name, kind]));
  const used = new Set([...known.keys(), ...targets.map(({ name }) => name)]);
  const answered = learnt.outputs.flatMap(({ column }) => column ?? []);
  const check = (names: readonly string[]) => {
    for (const { name } of targets) if (!names.includes(name)) throw noColumn(name, names);
    if (!names.some((name) => known.has(name))) {
      throw new TableError(`The file has no column that the cluster has learnt: ${listed([...known.keys()])}.`);
    }
  };
  const format = await formatOf(source);
  if (format === "npy") throw new TableError("An NPY file has no names of columns: use CSV, Parquet or Arrow.");
  let upload: FileUpload = { name: "table of a client", file: source, format };
  let head: CsvHead | undefined;
  const warnings: string[] = [];
  if (format === "csv" && !(await isArchive(source))) {
    head = await readHead(source, used);
    check(head.names);
    const present = new Set(head.names);
    const kinds = new Map<string, ColumnKind>();
    for (const [name, kind] of known) if (kind !== "empty" && present.has(name)) kinds.set(name, kind);
    for (const { name, kind } of targets) if (kind !== undefined) kinds.set(name, kind);
    const drop = keepAll ? [] : [...present].filter((name) => !used.has(name));
    const strange = drop.filter((name) => !answered.includes(name));
    if (strange.length > 0) warnings.push(`${listed(strange)}: not learnt, and ignored here`);
    const { dialect, delimiterName: delimiter } = head;
    upload = { ...upload, delimiter, encoding: dialect.encoding, drop, kinds: Object.fromEntries(kinds) };
  }
  const dataset = await datasets.uploadFile(upload, options);
  const names = columnNames(dataset);
  try {
    check(names);
  } catch (error) {
    await datasets.delete(dataset.uuid).catch(() => {});
    throw error;
  }
  const { uuid: dataset_uuid } = dataset;
  const except = answered.filter((name) => names.includes(name));
  const inputs = learnt.inputs.map(({ hexagon_name }): TaskTable => ({
    hexagon_name,
    dataset_uuid,
    dataset_columns: "*",
    except,
  }));
  const unused = (head?.names ?? names).filter((name) => !used.has(name));
  const isAboutUnused = (text: string) =>
    unused.some((name) => text.startsWith(`column '${name}'`) || text.endsWith(`it is kept as '${name}'`));
  warnings.push(...tableWarnings(dataset).filter((text) => !isAboutUnused(text)));
  return { dataset, format, dialect: head?.dialect, inputs, warnings };
}

/** The names of a dataset's column groups, in its order. */
export const columnNames = ({ description }: Pick<Dataset, "description">) =>
  Object.entries(description)
    .sort(([, a], [, b]) => a.column_start - b.column_start)
    .map(([name]) => name);

/** The warnings of an import, without those about inputs that take no table. */
export const tableWarnings = ({ warnings = [] }: Dataset) => warnings.filter((text) => !text.includes("plain inputs"));

/** The error for a column that a file does not have. */
export const noColumn = (name: string, names: readonly string[]) =>
  new TableError(`There is no column '${name}'; the file has ${listed(names)}.`);
