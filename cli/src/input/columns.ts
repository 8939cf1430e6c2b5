import type { TaskColumn, TaskResult, TaskTable } from "hanami-sdk";
import { CliError } from "../errors.ts";

/** Hint that errors add to the contract's texts. */
const ESCAPES = String.raw`in a name write \: for ':', \, for ',' and \\ for '\'`;

/** Splits a text at separators, except after a backslash. Escapes are kept. */
function splitAt(text: string, separator: string): string[] {
  const parts = [""];
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === separator) parts.push("");
    else parts[parts.length - 1] += character === "\\" ? character + text.charAt(++at) : character;
  }
  return parts;
}

/** Resolves the escapes in a name. */
function unescape(text: string): string {
  return text.replace(/\\(.?)/gsu, (_, escaped: string) => {
    if (!["\\", ":", ","].includes(escaped)) throw new CliError(`Invalid '\\' in '${text}'; ${ESCAPES}`);
    return escaped;
  });
}

/** Collects the values of an option that may be repeated, or have several values separated by commas. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, ...splitAt(value, ",")];
}

function split(text: string, count: number): string[] {
  const parts = splitAt(text, ":");
  if (parts.length < count) throw new CliError(`Required separators ':' are missing; ${ESCAPES}`);
  if (parts.length > count || parts.some((part) => part === "")) {
    throw new CliError(`Invalid format before or after ':'; ${ESCAPES}`);
  }
  return parts.map(unescape);
}

/** Parses `DATASET:COLUMN:HEXAGON`, which binds a column group of a dataset to an input or output of the cluster. */
export function parseColumn(text: string): TaskColumn {
  const [dataset_uuid, dataset_column, hexagon_name] = split(text, 3) as [string, string, string];
  return { dataset_uuid, dataset_column, hexagon_name };
}

/** The same for an input, where the column `*` means all columns but those of `except`, as a table. */
export function parseInput(text: string, except: string[] = []): TaskColumn | TaskTable {
  const { dataset_column, ...binding } = parseColumn(text);
  return dataset_column === "*" ? { ...binding, dataset_columns: "*", except } : { ...binding, dataset_column };
}

/** Parses `HEXAGON:COLUMN`, which names the column group of the result dataset for an output of the cluster. */
export function parseResult(text: string): TaskResult {
  const [hexagon_name, dataset_column] = split(text, 2) as [string, string];
  return { dataset_column, hexagon_name };
}
