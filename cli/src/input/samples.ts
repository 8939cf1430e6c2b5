import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { CliError, fileError } from "../errors.ts";

/** Values for one input or output of a cluster: the same for all samples, or one line of a file per sample. */
export type Source = { name: string; values: number[] } | { name: string; path: string };

/** Path that means standard input. */
const STDIN = "-";

export interface Sample {
  inputs: Record<string, number[]>;
  expected: Record<string, number[]>;
}

function parseValues(text: string, place: string): number[] {
  return text
    .split(/[\s,;]+/)
    .filter((part) => part !== "")
    .map((part) => {
      const value = Number(part);
      // The cluster computes in single precision.
      if (!Number.isFinite(Math.fround(value))) throw new CliError(`${place}: '${part}' is not a number`);
      return value;
    });
}

/** Parses `NAME=1,0,0.5`, `NAME=@FILE` or `NAME=@-`. */
export function parseSource(text: string): Source {
  const separator = text.indexOf("=");
  const name = text.slice(0, separator);
  const rest = text.slice(separator + 1);
  if (separator < 1 || rest === "" || rest === "@")
    throw new CliError(`'${text}' is not like NAME=VALUES or NAME=@FILE`);
  if (rest.startsWith("@")) return { name, path: rest.slice(1) };
  const values = parseValues(rest, name);
  if (values.length === 0) throw new CliError(`'${text}' has no values`);
  return { name, values };
}

/** Whether one of the sources is standard input. Throws when several are. */
export function readsStdin(sources: readonly Source[]): boolean {
  const count = sources.filter((source) => "path" in source && source.path === STDIN).length;
  if (count > 1) throw new CliError("Standard input can be used for one input or output only");
  return count === 1;
}

async function* readLines(path: string, signal: AbortSignal): AsyncGenerator<number[]> {
  const input = path === STDIN ? process.stdin : createReadStream(path);
  const place = path === STDIN ? "standard input" : path;
  const lines = createInterface({ input, signal });
  let number = 0;
  try {
    for await (const line of lines) {
      number++;
      const values = parseValues(line, `${place}, line ${number}`);
      if (values.length > 0) yield values;
    }
  } catch (error) {
    throw error instanceof CliError ? error : fileError("read", place, error);
  } finally {
    // An open standard input would keep the process alive.
    input.destroy();
  }
}

async function* readSource(source: Source, signal: AbortSignal): AsyncGenerator<number[]> {
  if ("path" in source) yield* readLines(source.path, signal);
  else for (;;) yield source.values;
}

/**
 * Reads samples on demand: line n of each file belongs to sample n, and values given on the command line belong to
 * every sample. Throws CliError when a file is shorter than another.
 */
export async function* readSamples(
  given: { inputs: readonly Source[]; expected: readonly Source[] },
  signal: AbortSignal,
): AsyncGenerator<Sample> {
  const sources = [...given.inputs, ...given.expected];
  const isFile = (source: Source) => "path" in source;
  const readers = sources.map((source) => ({ source, values: readSource(source, signal) }));
  const files = sources.filter(isFile).length;
  try {
    for (let count = 0; files > 0 || count === 0; count++) {
      const row: number[][] = [];
      const ended: string[] = [];
      for (const { source, values } of readers) {
        const { done, value } = await values.next();
        if (done) ended.push(source.name);
        else row.push(value);
      }
      signal.throwIfAborted();
      if (ended.length > 0) {
        if (ended.length < files)
          throw new CliError(`'${ended[0]}' has only ${count} samples, fewer than another file`);
        if (count === 0) throw new CliError("There are no samples in the file");
        return;
      }
      const named = (list: readonly Source[], offset: number) =>
        Object.fromEntries(list.map(({ name }, index) => [name, row[offset + index] ?? []]));
      yield { inputs: named(given.inputs, 0), expected: named(given.expected, given.inputs.length) };
    }
  } finally {
    for (const { values } of readers) await values.return(undefined);
  }
}
