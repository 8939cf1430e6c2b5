import { ConnectionError, HanamiError, TableError, TaskError } from "hanami-sdk";
import { printable } from "./output/printable.ts";

/** Wrong usage of the command, or a problem on this machine. The message is one line. */
export class CliError extends Error {}

/** Scripts rely on these codes; docs/cli.md lists them. */
export const exitCodes = {
  failure: 1,
  taskNotFinished: 2,
  refused: 3,
  unreachable: 4,
  serverError: 5,
  SIGHUP: 129,
  SIGINT: 130,
  SIGTERM: 143,
};

/** Signals that end a command: the terminal was closed, Ctrl-C, `kill`. */
export type EndSignal = "SIGHUP" | "SIGINT" | "SIGTERM";

/** The command was ended by a signal. */
export class Interrupted extends Error {
  readonly signal: EndSignal;

  constructor(signal: EndSignal) {
    super(signal);
    this.signal = signal;
  }
}

const reasons: Record<string, string> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of its path is not a directory",
  ENOSPC: "the disk is full",
  EEXIST: "it exists already",
};

/** The error for a file that cannot be used. */
export function fileError(verb: "read" | "write", path: string, error: unknown): CliError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new CliError(`Cannot ${verb} '${path}': ${reasons[code ?? ""] ?? message}`);
}

/** How an error is reported. */
export interface Reporting {
  /** Also as JSON on standard error, with an exit code that says which kind it is. */
  asJson: boolean;
  /** The command is none of upstream's: everything goes to standard error, and the exit code says which kind it is. */
  isOwn?: boolean;
}

/**
 * Reports an error and returns the exit code. Answers of the server to upstream's commands go to standard output, as
 * the contract demands; other errors go to standard error.
 */
export function report(error: unknown, { asJson, isOwn = false }: Reporting): number {
  if (error instanceof Interrupted) return exitCodes[error.signal];
  const text = printable(error instanceof Error ? error.message : String(error));
  const status = error instanceof HanamiError ? error.status : undefined;
  const refusal = status === undefined ? undefined : `status ${status}: err ${text}\n`;
  if (refusal !== undefined && !isOwn) process.stdout.write(refusal);
  if (asJson) process.stderr.write(errorJson(text, status));
  else if (refusal === undefined || isOwn) process.stderr.write(`Error: ${text}\n`);
  if (error instanceof TaskError) return exitCodes.taskNotFinished;
  return asJson || isOwn ? codeOf(error, status) : exitCodes.failure;
}

/** One line. */
export const errorJson = (error: string, status?: number) => `${JSON.stringify({ error, status: status ?? null })}\n`;

function codeOf(error: unknown, status: number | undefined): number {
  if (error instanceof ConnectionError) return exitCodes.unreachable;
  if (status !== undefined) return status < 500 ? exitCodes.refused : exitCodes.serverError;
  return error instanceof TableError ? exitCodes.refused : exitCodes.failure;
}
