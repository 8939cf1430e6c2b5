import type { App } from "../app-context.ts";
import { error_log } from "../db/schema/index.ts";
import { describeError } from "./describe-error.ts";
import { outageOf } from "../server/outage.ts";

export interface ErrorEntry {
  /** Empty for errors of the system itself. */
  userId: string;
  /** The part of the server, e.g. `api` or `scheduler`. */
  component: string;
  /** What that part was doing, e.g. the request. */
  context: string;
  values: ReadonlyMap<string, unknown>;
  error: unknown;
}

const secretKeys = new Set(["passphrase", "password", "token"]);
const valuesCharsMax = 65_536;

/** PostgreSQL's text and jsonb accept neither NUL nor lone surrogates. */
const storable = (text: string) => Buffer.from(text.replaceAll("\u0000", "")).toString();

function storableValue(value: unknown): unknown {
  if (typeof value === "string") return storable(value);
  if (Array.isArray(value)) return value.map(storableValue);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [storable(key), storableValue(item)]));
}

function shownValues(values: ReadonlyMap<string, unknown>): Record<string, unknown> {
  try {
    const shown = Object.fromEntries([...values].filter(([key]) => !secretKeys.has(key)));
    const chars = JSON.stringify(shown).length;
    if (chars > valuesCharsMax) return { omitted: `${chars} characters of input` };
    return storableValue(shown) as Record<string, unknown>;
  } catch {
    // Nested too deeply to traverse.
    return { omitted: "input that can not be shown" };
  }
}

/**
 * Stores an internal error for the administrators, without secrets; outages are only logged. Never throws: a failure
 * to store the error goes to the log.
 */
export async function writeErrorLog(app: Pick<App, "db" | "log">, entry: ErrorEntry): Promise<void> {
  const message = describeError(entry.error).stack;
  app.log.error({ err: entry.error, component: entry.component, user: entry.userId }, entry.context);
  if (outageOf(entry.error) !== undefined) return;
  try {
    await app.db.insert(error_log).values({
      user_id: entry.userId,
      component: entry.component,
      context: storable(entry.context),
      input_values: shownValues(entry.values),
      message: storable(message),
    });
  } catch (error) {
    app.log.error({ err: error }, "the error log cannot be written");
  }
}
