import { parseArgs } from "node:util";
import { readConfigFile } from "./config-file.ts";
import { type Config, parseConfig } from "./config.ts";

/** The configuration of a server that was started like this: `--config FILE`, which the environment overrides. */
export async function readConfig(args: string[], env: Record<string, string | undefined>): Promise<Config> {
  const { values } = parseArgs({ args, options: { config: { type: "string", short: "c" } } });
  return parseConfig({ ...(await readConfigFile(values.config)), ...env });
}
