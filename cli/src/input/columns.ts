import type { TaskColumn, TaskResult } from "hanami-sdk";
import { CliError } from "../errors.ts";

/** What errors say besides the contract's texts. */
const ESCAPES = String.raw`in a name write \: for ':', \, for ',' and \\ for '\'`;

/** The parts of a text between separators; a separator after a backslash is none. Escapes stay as they are. */
function splitAt(text: string, separator: string): string[] {
  const parts = [""];
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === separator) parts.push("");
    else parts[parts.length - 1] += character === "\\" ? character + text.charAt(++at) : character;
  }
  return parts;
}

/** The name that was written with escapes. */
function unescape(text: string): string {
  return text.replace(/\\(.?)/gsu, (_, escaped: string) => {
    if (!["\\", ":", ","].includes(escaped)) throw new CliError(`Invalid '\\' in '${text}'; ${ESCAPES}`);
    return escaped;
  });
}

/** Collects an option that may be given several times, or with several values between commas. */
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

/** `DATASET:COLUMN:HEXAGON`: which column group of a dataset belongs to which input or output of the cluster. */
export function parseColumn(text: string): TaskColumn {
  const [dataset_uuid, dataset_column, hexagon_name] = split(text, 3) as [string, string, string];
  return { dataset_uuid, dataset_column, hexagon_name };
}

/** `HEXAGON:COLUMN`: which output of the cluster fills which column group of the new dataset. */
export function parseResult(text: string): TaskResult {
  const [hexagon_name, dataset_column] = split(text, 2) as [string, string];
  return { dataset_column, hexagon_name };
}
