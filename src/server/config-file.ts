import { readFile } from "node:fs/promises";
import { ConfigError, settingNames } from "./config.ts";
import { describeUnknown } from "./setting-names.ts";

interface ConfigFile {
  settings: Record<string, string>;
  /** Position of each setting: `path:line`. */
  origins: Map<string, string>;
  /** One for each invalid line. */
  problems: string[];
}

/** Decodes UTF-8, with or without a byte-order mark. Throws ConfigError that names the first bad line. */
function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    let line = 0;
    const isText = (part: Uint8Array) => Buffer.from(Buffer.from(part).toString()).equals(part);
    for (let start = 0; start <= bytes.length; line++) {
      const end = bytes.indexOf(10, start);
      const part = bytes.subarray(start, end < 0 ? bytes.length : end);
      if (!isText(part)) break;
      start += part.length + 1;
    }
    throw new ConfigError([`${path}:${line + 1}: not UTF-8`]);
  }
}

/** Removes blanks and tabs at both ends, but no other white space: that is unlikely to be intended. */
const trim = (text: string) => text.replace(/^[ \t]+/, "").replace(/[ \t]+$/, "");

/** Returns the value without its quotes, or a problem. */
function unquote(text: string): string | { problem: string } {
  const quote = text[0];
  if (quote !== '"' && quote !== "'") return text;
  const end = text.indexOf(quote, 1);
  if (end < 0) return { problem: `the quote ${quote} is not closed on its line` };
  if (end < text.length - 1) {
    return { problem: `something follows the closing quote ${quote}; comments have lines of their own` };
  }
  return text.slice(1, -1);
}

/** Returns name and value of a line, or a problem. A problem does not quote the line, which may hold a secret. */
function parseLine(line: string): { name: string; value: string } | { problem: string } {
  const mark = line.indexOf("=");
  if (mark < 0) return { problem: "no NAME=value, for there is no =" };
  const name = trim(line.slice(0, mark));
  if (/^export\s/.test(name)) return { problem: "NAME=value is written without export" };
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    return { problem: "what stands before the = is not the name of a setting" };
  const value = unquote(trim(line.slice(mark + 1)));
  if (typeof value === "object") return value;
  if (value === "") return { problem: `${name} has no value; for its default leave the line out` };
  return { name, value };
}

/**
 * Reads a configuration file. It uses the names of the environment variables, which override it, and has lines
 * `NAME=value`, blank lines, and comments that begin with `#`. A value extends to the end of its line; blanks around it
 * are removed unless single or double quotes enclose the whole value. There are no escapes. Without a path there are no
 * settings. Throws ConfigError for a file that cannot be read.
 */
export async function readConfigFile(path: string | undefined): Promise<ConfigFile> {
  const file: ConfigFile = { settings: {}, origins: new Map(), problems: [] };
  if (path === undefined) return file;
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new ConfigError([`${path}: ${(error as Error).message}`]);
  }
  for (const [index, text] of decode(bytes, path).split(/\r?\n/).entries()) {
    const origin = `${path}:${index + 1}`;
    const line = trim(text);
    if (line === "" || line.startsWith("#")) continue;
    const parsed = parseLine(line);
    if ("problem" in parsed) {
      file.problems.push(`${origin}: ${parsed.problem}`);
    } else if (!settingNames.includes(parsed.name)) {
      file.problems.push(`${origin}: ${describeUnknown(parsed.name, settingNames)}`);
    } else if (file.origins.has(parsed.name)) {
      file.problems.push(`${origin}: ${parsed.name} is set already, in ${file.origins.get(parsed.name)}`);
    } else {
      file.settings[parsed.name] = parsed.value;
      file.origins.set(parsed.name, origin);
    }
  }
  return file;
}
