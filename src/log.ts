import { pino, type Logger } from "pino";
import type { Config } from "./config.ts";

/** JSON lines on standard error; standard output is for people. Nothing that is logged may contain a token or a passphrase. */
export function createLog(config: Pick<Config, "logLevel">): Logger {
  const options = { level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  return pino(options, pino.destination(2));
}
