import type { ExportFormat } from "../formats.ts";

/** What the export worker is given. */
export interface ExportJob {
  /** The dataset file. */
  path: string;
  format: ExportFormat;
  /** The one column group to export; all of them when left out. */
  group: string | undefined;
}

/** What it answers: a piece of the file, its end, or what broke. */
export type ExportMessage =
  | { kind: "piece"; bytes: Uint8Array<ArrayBuffer> }
  | { kind: "end" }
  | { kind: "failed"; error: string };
