import type { ClientContext } from "../context.ts";
import { delay } from "../delay.ts";
import type { Download } from "../download.ts";
import { BadRequestError, HanamiError } from "../errors.ts";
import type { DownloadFormat, FileFormat } from "../formats.ts";
import type { Input } from "../http.ts";
import { pageInput, rowsOf, type PageQuery } from "../list.ts";
import { sizeOf, uploadFile, type FileSource } from "../upload.ts";
import type { Owned } from "./owned.ts";

/** The columns `column_start` … `column_end` − 1. */
export interface ColumnGroup {
  column_start: number;
  column_end: number;
}

/** What the cells of a column are. */
export type ColumnKind = "number" | "category" | "time";

/** What the server knows about the cells of a column group; null where it makes no sense, or is not known. */
export interface DatasetColumn {
  name: string;
  /** Number of columns of the group. */
  width: number;
  kind: ColumnKind;
  missing: number | null;
  distinct: number | null;
  /** Of numbers, and of times in seconds from 1970 on. */
  min: number | null;
  max: number | null;
  mean: number | null;
  /** Standard deviation. */
  deviation: number | null;
  /** Minimum, the seven eighths in between, and maximum; empty for categories. */
  quantiles: number[];
  /** Of categories, most frequent first: at most ten. */
  commonest: { text: string; count: number }[];
}

export interface Dataset extends Owned {
  version: string;
  number_of_rows: number;
  number_of_columns: number;
  /** Column groups by name. */
  description: Record<string, ColumnGroup>;
  /** Short sentences about what the import guessed, left out or changed. Upstream's server does not send them. */
  warnings?: string[];
  /** The first 1024 column groups. Upstream's server does not send them. */
  columns?: DatasetColumn[];
}

/** An announced upload that waits for its files. */
export interface PendingUpload extends Owned {
  uuid_input_file: string;
  /** For MNIST only. */
  uuid_label_file?: string;
}

export interface UploadProgress {
  complete: boolean;
  /** Upstream's server sends neither this nor the next field. */
  bytes_received?: number;
  bytes_total?: number;
}

export interface UploadOptions {
  onProgress?: (progress: { sentBytes: number; totalBytes: number }) => void;
  /** Ends the upload, and deletes what has arrived. */
  signal?: AbortSignal | undefined;
}

export interface MnistUpload {
  name: string;
  /** Images in IDX format, uncompressed. */
  images: FileSource;
  labels: FileSource;
}

/** Options of a table's upload; what is omitted, the server recognises, and says so in `warnings`. */
export interface TableOptions {
  /** Refuse whole numbers and times that a 32-bit float changes, and numbers that it makes 0, instead of warning. */
  exact?: boolean;
  /** Names of columns to leave out. */
  drop?: string[];
  /** Kinds of columns by name. */
  kinds?: Record<string, ColumnKind>;
}

export interface CsvOptions extends TableOptions {
  /**
   * Whether the first line has the names of the columns. If omitted, the server refuses a first line of numbers.
   * Without a header the columns are named `column_0`, `column_1`, …
   */
  has_header?: boolean;
  /** Texts of missing cells, in any case, besides empty ones. */
  missing?: string[];
  delimiter?: "," | ";" | "tab" | "|";
  decimal?: "." | ",";
  encoding?: "utf-8" | "utf-16le" | "utf-16be" | "latin1";
}

export interface CsvUpload extends CsvOptions {
  name: string;
  file: FileSource;
}

/** Of the options, each format takes those of the same names in `uploadFormats`. */
export interface FileUpload extends CsvOptions {
  name: string;
  file: FileSource;
  /** `arrow` is an IPC stream, an IPC file or Feather version 2. */
  format: FileFormat;
  /** For NPY: name of the only column group; default `data`. */
  column_name?: string;
}

export interface ContentQuery {
  uuid: string;
  column_name: string;
  row_offset?: number;
  /** 1…10000; default 1. */
  number_of_rows?: number;
}

export interface DownloadQuery {
  uuid: string;
  /** Default: `csv`. */
  format?: DownloadFormat;
  /** Only this column group; default: all. */
  column_name?: string;
}

/** How long the server may take to write all acknowledged bytes to disk. */
const COMPLETE_WITHIN_MS = 60_000;
const COMPLETE_INTERVAL_MS = 250;

export class Datasets {
  readonly #context: ClientContext;

  constructor(context: ClientContext) {
    this.#context = context;
  }

  async get(uuid: string): Promise<Dataset> {
    return (await this.#context.session.request("GET", "/dataset", { uuid })) as Dataset;
  }

  /** All that the user can see, or one page. */
  async list(query: PageQuery = {}): Promise<Owned[]> {
    return rowsOf(await this.#context.session.request("GET", "/dataset/all", pageInput(query)));
  }

  async delete(uuid: string): Promise<void> {
    await this.#context.session.request("DELETE", "/dataset", { uuid });
  }

  /** Reads rows of one column group: one array per row. */
  async content(query: ContentQuery): Promise<number[][]> {
    const input = { row_offset: 0, number_of_rows: 1, ...query };
    const answer = (await this.#context.session.request("GET", "/dataset/content", input)) as { data: number[][] };
    return answer.data;
  }

  /** Downloads the dataset, or one of its column groups, as a file. */
  download({ uuid, format = "csv", column_name }: DownloadQuery): Promise<Download> {
    return this.#context.session.download("/dataset/download", { uuid, format, column_name });
  }

  /** Percentage of rows whose largest value is at the same position in the result and in the reference. */
  async check(input: { uuid: string; reference_uuid: string }): Promise<number> {
    const answer = (await this.#context.session.request("GET", "/dataset/check", input)) as { accuracy: number };
    return answer.accuracy;
  }

  /** Progress of an upload. */
  async progress(uuid: string): Promise<UploadProgress> {
    return (await this.#context.session.request("GET", "/dataset/progress", { uuid })) as UploadProgress;
  }

  /** Uploads a pair of IDX files as a dataset with the column groups `picture` and `label`. */
  async uploadMnist({ name, images, labels }: MnistUpload, options: UploadOptions = {}): Promise<Dataset> {
    const pending = await this.announceMnist(name, sizeOf(images), sizeOf(labels));
    return this.#upload(pending, { images, labels }, options);
  }

  /** Uploads a CSV file as a dataset with one column group per column. */
  async uploadCsv({ name, ...upload }: CsvUpload, options: UploadOptions = {}): Promise<Dataset> {
    return this.#upload(await this.announceCsv(name, sizeOf(upload.file)), upload, options);
  }

  /** Uploads a file in any format as a dataset. */
  async uploadFile({ name, ...upload }: FileUpload, options: UploadOptions = {}): Promise<Dataset> {
    return this.#upload(await this.announceFile(upload.format, name, sizeOf(upload.file)), upload, options);
  }

  /** First step of an upload, for callers that keep the answer to resume the upload later. */
  async announceMnist(name: string, imageBytes: number, labelBytes: number): Promise<PendingUpload> {
    return this.#announce("mnist", { name, input_data_size: imageBytes, label_data_size: labelBytes });
  }

  async announceCsv(name: string, bytes: number): Promise<PendingUpload> {
    return this.announceFile("csv", name, bytes);
  }

  async announceFile(format: FileFormat, name: string, bytes: number): Promise<PendingUpload> {
    return this.#announce(format, { name, input_data_size: bytes });
  }

  /**
   * Sends the missing part of an announced upload, and creates the dataset. The files must be those of the first
   * attempt; the default `format` of a single file is CSV.
   */
  async resumeUpload(
    pending: PendingUpload,
    files: { images: FileSource; labels: FileSource } | (Pick<FileUpload, "file"> & Partial<FileUpload>),
    options: UploadOptions = {},
  ): Promise<Dataset> {
    const { uuid, uuid_input_file, uuid_label_file } = pending;
    const parts =
      "file" in files
        ? [{ uuid: uuid_input_file, file: files.file }]
        : [
            { uuid: uuid_input_file, file: files.images },
            { uuid: uuid_label_file as string, file: files.labels },
          ];
    const { complete, bytes_received = 0 } = await this.progress(uuid);
    if (!complete) {
      await this.#sendParts(parts, bytes_received, options);
      // The bytes received earlier need not be the beginning: other clients may send in any order.
      if (bytes_received > 0 && !(await this.progress(uuid)).complete) await this.#sendParts(parts, 0, options);
      await this.#untilComplete(uuid);
    }
    if ("file" in files) {
      const { format = "csv", file: _file, name: _name, ...given } = files;
      await this.#finalize(format, { ...given, uuid, uuid_input_file }, options.signal);
    } else await this.#finalize("mnist", { uuid, uuid_input_file, uuid_label_file }, options.signal);
    return this.get(uuid);
  }

  /** Like `resumeUpload`, but deletes a refused upload, because the caller does not know it and cannot resume it. */
  async #upload(...upload: Parameters<Datasets["resumeUpload"]>): Promise<Dataset> {
    try {
      return await this.resumeUpload(...upload);
    } catch (error) {
      // Reports the refusal even if this deletion fails; the server deletes idle uploads after a while.
      if (error instanceof BadRequestError || upload[2]?.signal?.aborted === true)
        await this.delete(upload[0].uuid).catch(() => {});
      throw error;
    }
  }

  /** Sends files one after another, and skips the first `skippedBytes` of their concatenation. */
  async #sendParts(
    parts: { uuid: string; file: FileSource }[],
    skippedBytes: number,
    { onProgress, signal }: UploadOptions,
  ): Promise<void> {
    const totalBytes = parts.reduce((sum, { file }) => sum + sizeOf(file), 0);
    let before = 0;
    for (const { uuid, file } of parts) {
      const start = Math.min(Math.max(0, skippedBytes - before), sizeOf(file));
      const offset = before;
      await uploadFile({ ...this.#context, uuid }, file, start, (sentBytes) => {
        onProgress?.({ sentBytes: offset + sentBytes, totalBytes });
        signal?.throwIfAborted();
      });
      before += sizeOf(file);
    }
  }

  async #finalize(kind: "mnist" | FileFormat, input: Input, signal?: AbortSignal): Promise<void> {
    await this.#context.session.request("PUT", `/dataset/upload/${kind}`, input, signal);
  }

  async #announce(kind: "mnist" | FileFormat, input: Input): Promise<PendingUpload> {
    return (await this.#context.session.request("POST", `/dataset/upload/${kind}`, input)) as PendingUpload;
  }

  async #untilComplete(uuid: string): Promise<void> {
    const deadline = Date.now() + COMPLETE_WITHIN_MS;
    while (!(await this.progress(uuid)).complete) {
      if (Date.now() > deadline) throw new HanamiError(`The server does not have all files of the dataset '${uuid}'.`);
      await delay(COMPLETE_INTERVAL_MS);
    }
  }
}
