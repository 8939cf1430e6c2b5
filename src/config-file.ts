import { readFile } from "node:fs/promises";
import { parseEnv } from "node:util";
import { ConfigError, settingNames } from "./config.ts";

interface ConfigFile {
  settings: Record<string, string | undefined>;
  /** One for every name that is no setting. */
  problems: string[];
}

/**
 * Reads settings from a file of `NAME=value` lines with the names of the environment variables, which override it.
 * No path: no settings. Throws ConfigError for a file that can not be read.
 */
export async function readConfigFile(path: string | undefined): Promise<ConfigFile> {
  if (path === undefined) return { settings: {}, problems: [] };
  let content: string;
  try {
    content = await readFile(path, "utf8");
  } catch (error) {
    throw new ConfigError([`${path}: ${(error as Error).message}`]);
  }
  const settings = parseEnv(content);
  const unknown = Object.keys(settings).filter((name) => !settingNames.includes(name));
  // A line without `=` is taken for a part of the next name.
  return { settings, problems: unknown.map((name) => `${path}: there is no setting ${name.split("\n")[0]}`) };
}
