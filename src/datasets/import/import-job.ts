/** Further keys of the last step of an upload; each format takes some of them. */
export interface ImportOptions {
  /** Numbers that a 32-bit float changes, besides rounding their decimals, are refused in place of being counted. */
  exact?: boolean | undefined;
  /** Whether the first row has the names of the columns; undefined: its cells tell. */
  has_header?: boolean | undefined;
  /** Name of the one column group of a file without names; `data` when left out. */
  column_name?: string | undefined;
}

/** Where the uploaded bytes lie, where the dataset file shall lie, and what may be in it. */
export interface ImportFile extends ImportOptions {
  name: string;
  target: string;
  input: string;
  /** The second file, of a format that has two. */
  label?: string;
  /** More are refused. */
  rowsMax?: number;
  /** More bytes of values are refused. */
  bytesMax?: number;
}

/** The uploaded bytes are not what they were announced to be; the message tells the user why. */
export class ImportError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ImportError";
  }
}

/** How an import went: done, refused with a reason, no space on the disk, or failed by a defect of the server. */
export type ImportOutcome =
  | { kind: "done"; warnings: string[] }
  | { kind: "refused"; reason: string }
  | { kind: "no space" }
  | { kind: "failed"; error: string };
