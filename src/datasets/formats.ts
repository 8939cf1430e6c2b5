/**
 * The formats of datasets. Routes, their documentation, imports, downloads, SDK and command line are derived from this
 * table. It contains data only: readers and writers are loaded on demand, in the import's process or the export's
 * thread.
 */
// Bytes are matched as Latin-1 text, because control characters distinguish formats.
// oxlint-disable no-control-regex
import type { TempfileRow } from "../db/rows.ts";
import { columnNames, type ExportTable } from "./export/table.ts";
import { npyBytes } from "./export/write-npy.ts";
import type { Group } from "./groups-metadata.ts";
import type { ImportFile, ImportOptions } from "./import/import-job.ts";

interface Format {
  /** Name in texts such as "the file is not NPY". */
  name: string;
  /** First bytes of its files, as Latin-1; undefined for text. */
  start?: RegExp;
  /** What is announced, for the API documentation and the command line help. */
  upload: string;
  /** The same after the upload; "… that was uploaded" when omitted. */
  uploaded?: string;
  /** The files of one upload, with their names in refusals. */
  files: { input: string } & Partial<Record<FileRole, string>>;
  /** Options of the last step of an upload, in the order of the documentation. */
  options: readonly (keyof ImportOptions)[];
  /**
   * Imports an upload as a dataset file. Resolves with the warnings; throws ImportError for files that are not of the
   * format.
   */
  importer: () => Promise<(job: ImportFile) => Promise<string[]>>;
  /** How to export a dataset in the format; omitted when this is not possible. */
  download?: Download;
}

interface Download {
  mediaType: string;
  /** The names in the file, which must differ. */
  names: (groups: readonly Group[]) => string[];
  /** Limit for formats that describe each column or group: many descriptions take more memory than the data. */
  namesMax?: number;
  /** Size of the file, if it is known in advance. */
  bytes?: (table: Pick<ExportTable, "type" | "rowCount" | "columnCount">) => number;
  writer: () => Promise<(table: ExportTable) => AsyncGenerator<Uint8Array<ArrayBuffer>>>;
}

export type FileRole = TempfileRow["role"];

const DESCRIBED_MAX = 65_536;

const table = {
  mnist: {
    name: "IDX",
    start: /^\0\0[\x08\x09\x0b-\x0e][\x01-\x08]/,
    upload: "a pair of IDX files",
    uploaded: "an uploaded pair of IDX files",
    files: { input: "image file", label: "label file" },
    options: [],
    importer: async () => (await import("./import/import-mnist.ts")).importMnist,
  },
  csv: {
    name: "CSV",
    upload: "a CSV file",
    files: { input: "file" },
    options: ["exact", "has_header", "drop", "kinds", "missing", "delimiter", "decimal", "encoding"],
    importer: async () => (await import("./import/import-csv.ts")).importCsv,
    download: {
      mediaType: "text/csv",
      names: columnNames,
      writer: async () => (await import("./export/write-csv.ts")).writeCsv,
    },
  },
  parquet: {
    name: "Parquet",
    start: /^PAR[1E]/,
    upload: "a Parquet file",
    files: { input: "file" },
    options: ["exact", "drop", "kinds"],
    importer: async () => (await import("./import/import-parquet.ts")).importParquet,
    download: {
      mediaType: "application/vnd.apache.parquet",
      names: columnNames,
      namesMax: DESCRIBED_MAX,
      writer: async () => (await import("./export/write-parquet.ts")).writeParquet,
    },
  },
  arrow: {
    name: "Arrow",
    start: /^(?:ARROW1|FEA1|\xff\xff\xff\xff)/,
    upload: "an Arrow IPC or Feather file",
    files: { input: "file" },
    options: ["exact", "drop", "kinds"],
    importer: async () => (await import("./import/import-arrow.ts")).importArrow,
    download: {
      mediaType: "application/vnd.apache.arrow.file",
      names: (groups) => groups.map(({ name }) => name),
      namesMax: DESCRIBED_MAX,
      writer: async () => (await import("./export/write-arrow.ts")).writeArrow,
    },
  },
  npy: {
    name: "NPY",
    start: /^\x93NUMPY/,
    upload: "an NPY file",
    files: { input: "file" },
    options: ["exact", "column_name"],
    importer: async () => (await import("./import/import-npy.ts")).importNpy,
    download: {
      mediaType: "application/octet-stream",
      names: () => [],
      bytes: npyBytes,
      writer: async () => (await import("./export/write-npy.ts")).writeNpy,
    },
  },
} satisfies Record<string, Format>;

export type FormatName = keyof typeof table;
/** A format in which a dataset can be downloaded. */
export type ExportFormat = {
  [Name in FormatName]: (typeof table)[Name] extends { download: Download } ? Name : never;
}[FormatName];
/** Origin of a dataset's rows: an upload or a request task. */
export type DatasetType = FormatName | "result";

export const formats: Readonly<Record<FormatName, Format>> = table;
export const downloadIn = (format: ExportFormat): Download => table[format].download;

export const FORMAT_NAMES = Object.keys(table) as FormatName[];
export const EXPORT_FORMATS = FORMAT_NAMES.filter((name): name is ExportFormat => "download" in table[name]);
export const DATASET_TYPES: readonly DatasetType[] = [...FORMAT_NAMES, "result"];

/** The files of an upload, in the order of their announcement. */
export const fileRoles = (format: FormatName) => Object.keys(table[format].files) as FileRole[];
