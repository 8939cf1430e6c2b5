import { parseArgs } from "node:util";
import { readConfigFile } from "./config-file.ts";
import { type Config, ConfigError, parseConfig } from "./config.ts";

/**
 * The configuration of a server that was started like this: `--config FILE`, which the environment overrides. Throws
 * ConfigError with every bad name and value.
 */
export async function readConfig(args: string[], env: Record<string, string | undefined>): Promise<Config> {
  const { values } = parseArgs({ args, options: { config: { type: "string", short: "c" } } });
  const { settings, problems } = await readConfigFile(values.config);
  let config: Config | undefined;
  try {
    config = parseConfig({ ...settings, ...env });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
  }
  if (config === undefined || problems.length > 0) throw new ConfigError(problems);
  return config;
}
