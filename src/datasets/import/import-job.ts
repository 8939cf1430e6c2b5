import type { ColumnKind } from "../../encoders/cells.ts";

export const DELIMITERS = { ",": ",", ";": ";", tab: "\t", "|": "|" } as const;
export const ENCODINGS = ["utf-8", "utf-16le", "utf-16be", "latin1"] as const;

/** Options of the last step of an upload; each format takes some of them. */
export interface ImportOptions {
  /** Refuses, instead of counting, numbers that a 32-bit float changes beyond rounding their decimals. */
  exact?: boolean | undefined;
  /** Whether the first row is a header; undefined to derive it from the row. */
  has_header?: boolean | undefined;
  /** Name of the column group for a file without names; `data` when omitted. */
  column_name?: string | undefined;
  /** Columns to leave out, by name. */
  drop?: string[] | undefined;
  /** Kinds of columns by name; derived from the cells when omitted. */
  kinds?: Record<string, ColumnKind> | undefined;
  /** Texts of missing cells, in any case, besides empty ones. */
  missing?: string[] | undefined;
  /** How CSV is written; each is derived from the first rows when omitted. */
  delimiter?: keyof typeof DELIMITERS | undefined;
  decimal?: "." | "," | undefined;
  encoding?: (typeof ENCODINGS)[number] | undefined;
}

/** What the first bytes of a file tell about it. */
export interface FileKind {
  /** Name in texts such as "the file is …". */
  name: string;
  /** Advice to the user. */
  advice: string;
  /** The format for its import. */
  format?: string;
  isText: boolean;
}

/** Paths of the uploaded bytes and of the new dataset file, and limits of its content. */
export interface ImportFile extends ImportOptions {
  name: string;
  target: string;
  input: string;
  /** The second file, for formats of two files. */
  label?: string;
  /** Refuses more rows. */
  rowsMax?: number;
  /** Refuses more bytes of values. */
  bytesMax?: number;
  /** Tells the kind of a file by its first bytes, for formats of text, which nearly any file could be. */
  kindOf?: (head: Buffer) => FileKind | undefined;
}

/** The uploaded bytes are not of the announced format; the message tells the user why. */
export class ImportError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ImportError";
  }
}

/** Outcome of an import: done, refused with a reason, no disk space, or an internal error. */
export type ImportOutcome =
  | { kind: "done"; warnings: string[] }
  | { kind: "refused"; reason: string }
  | { kind: "no space" }
  | { kind: "failed"; error: string };
