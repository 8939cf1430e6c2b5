import { HanamiError, TaskError } from "hanami-sdk";
import { printable } from "./output/printable.ts";

/** Wrong usage of the command, or a problem on this machine. The message is one line. */
export class CliError extends Error {}

/** Scripts rely on these codes; docs/cli.md lists them. */
export const exitCodes = { failure: 1, taskNotFinished: 2, SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

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

/**
 * Reports an error and returns the exit code. Answers of the server go to standard output, as the contract demands;
 * other errors go to standard error.
 */
export function report(error: unknown): number {
  if (error instanceof Interrupted) return exitCodes[error.signal];
  if (error instanceof HanamiError && error.status !== undefined) {
    process.stdout.write(`status ${error.status}: err ${printable(error.message)}\n`);
    return exitCodes.failure;
  }
  process.stderr.write(`Error: ${printable(error instanceof Error ? error.message : String(error))}\n`);
  return error instanceof TaskError ? exitCodes.taskNotFinished : exitCodes.failure;
}
