/** What the last step of an upload may say besides; each format takes some of it. */
export interface ImportOptions {
  /** Numbers that a 32-bit float changes, besides rounding their decimals, are refused in place of being counted. */
  exact?: boolean | undefined;
  /** Of the first row; undefined when it shall tell itself. */
  has_header?: boolean | undefined;
  /** Of the one column group of a file that has no names; `data` when left out. */
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

/** What it answers: the data was taken, or refused with the reason, or there is no space, or something of ours broke. */
export type ImportOutcome =
  | { kind: "done"; warnings: string[] }
  | { kind: "refused"; reason: string }
  | { kind: "no space" }
  | { kind: "failed"; error: string };
