import { readFile } from "node:fs/promises";
import { parseEnv } from "node:util";
import { ConfigError, settingNames } from "./config.ts";

/**
 * Reads settings from a file of `NAME=value` lines with the names of the environment variables, which override it.
 * No path: no settings. Throws ConfigError for a file that can not be read and for every name that is no setting.
 */
export async function readConfigFile(path: string | undefined): Promise<Record<string, string | undefined>> {
  if (path === undefined) return {};
  let content: string;
  try {
    content = await readFile(path, "utf8");
  } catch (error) {
    throw new ConfigError([`${path}: ${(error as Error).message}`]);
  }
  const settings = parseEnv(content);
  const unknown = Object.keys(settings).filter((name) => !settingNames.includes(name));
  if (unknown.length > 0) throw new ConfigError(unknown.map((name) => `${path}: there is no setting ${name}`));
  return settings;
}
