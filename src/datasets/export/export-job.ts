import type { ExportFormat } from "../formats.ts";

/** Input of the export worker. */
export interface ExportJob {
  /** The dataset file. */
  path: string;
  format: ExportFormat;
  /** The column group to export; all groups when undefined. */
  group: string | undefined;
}

/** Answer of the worker: a piece of the file, its end, or an error. */
export type ExportMessage =
  | { kind: "piece"; bytes: Uint8Array<ArrayBuffer> }
  | { kind: "end" }
  | { kind: "failed"; error: string };
