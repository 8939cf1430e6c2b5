import { pino, type DestinationStream, type Logger } from "pino";
import type { Config } from "./config.ts";
import { describeError } from "./logs/describe-error.ts";

/** JSON lines, on standard error; standard output is for people. Nothing that is logged may contain a token or a passphrase. */
export function createLog(
  config: Pick<Config, "logLevel">,
  destination: DestinationStream = pino.destination(2),
): Logger {
  return pino(
    {
      level: config.logLevel,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: describeError },
    },
    destination,
  );
}
