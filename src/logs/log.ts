import { pino, type DestinationStream, type Logger } from "pino";
import type { Config } from "../server/config.ts";
import { describeError } from "./describe-error.ts";

/**
 * Writes JSON lines to standard error; standard output is for people. A log entry must never contain a token or a
 * passphrase. `onEntry` is called for every logged warning and error.
 */
export function createLog(
  config: Pick<Config, "logLevel">,
  options: { destination?: DestinationStream; onEntry?: (level: "warn" | "error") => void } = {},
): Logger {
  const { destination = pino.destination(2), onEntry } = options;
  const { warn = Infinity, error = Infinity } = pino.levels.values;
  return pino(
    {
      level: config.logLevel,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: describeError },
      hooks: {
        logMethod(args, method, level) {
          if (level >= warn) onEntry?.(level >= error ? "error" : "warn");
          method.apply(this, args);
        },
      },
    },
    destination,
  );
}
