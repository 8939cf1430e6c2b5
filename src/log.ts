import { pino, type Logger } from "pino";
import type { Config } from "./config.ts";

/** JSON lines on standard output. Nothing that is logged may contain a token or a passphrase. */
export function createLog(config: Pick<Config, "logLevel">): Logger {
  return pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime });
}
