/** What the import worker is given: where the uploaded bytes lie and where the dataset file shall lie. */
export type ImportJob =
  | { type: "mnist"; name: string; target: string; input: string; label: string }
  | { type: "csv"; name: string; target: string; input: string };

/** The uploaded bytes are not what they were announced to be; the message tells the user why. */
export class ImportError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ImportError";
  }
}

/** What the worker answers: the data was taken, or refused with the reason, or something of ours broke. */
export type ImportOutcome = { kind: "done" } | { kind: "refused"; reason: string } | { kind: "failed"; error: string };
