/** Where the uploaded bytes lie and where the dataset file shall lie. */
export interface ImportFile {
  name: string;
  target: string;
  input: string;
  /** More are refused. */
  rowsMax?: number;
  /** More bytes of values are refused. */
  bytesMax?: number;
  /** Numbers that a 32-bit float changes, besides rounding their decimals, are refused in place of being counted. */
  exact?: boolean | undefined;
}

/** What the process of an import is given. */
export type ImportJob =
  | ({ type: "mnist"; label: string } & ImportFile)
  /** `has_header` is undefined when the first row shall tell. */
  | ({ type: "csv"; has_header?: boolean | undefined } & ImportFile)
  | ({ type: "parquet" | "arrow" } & ImportFile)
  /** `column_name` is that of the one column group; `data` when left out. */
  | ({ type: "npy"; column_name?: string | undefined } & ImportFile);

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
