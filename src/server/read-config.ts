import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { readConfigFile } from "./config-file.ts";
import { type Config, ConfigError, parseConfig } from "./config.ts";

type Environment = Record<string, string | undefined>;

/** The folder in which the operator started the server; `npm start` changes to that of package.json. */
const typedIn = (env: Environment): string =>
  (env["npm_lifecycle_event"] === "start" ? env["INIT_CWD"] : undefined) ?? process.cwd();

/**
 * Reads the configuration from the file of `--config FILE` and from the environment, which overrides it. Throws
 * ConfigError with every bad name and value.
 */
export async function readConfig(args: string[], env: Environment): Promise<Config> {
  const { values } = parseArgs({ args, options: { config: { type: "string", short: "c" } } });
  const path = values.config === undefined ? undefined : resolve(typedIn(env), values.config);
  const { settings, origins, problems } = await readConfigFile(path);
  // An empty variable counts as unset and does not override the file.
  const own = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
  for (const name of Object.keys(own)) origins.delete(name);
  let config: Config | undefined;
  try {
    config = parseConfig({ ...settings, ...own }, origins);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
  }
  if (config === undefined || problems.length > 0) throw new ConfigError(problems);
  return config;
}
