/** The parts of an error that may be logged. */
export interface ErrorDescription {
  type: string;
  message: string;
  /** Error code of the system, the database or Node. */
  code?: string;
  /** Includes the stacks of its causes. */
  stack: string;
}

const causesMax = 5;

/**
 * Takes only type, message, code and stack, because other fields of errors may contain user data. The parameters of a
 * failed query are left out for the same reason: they may contain hashes of passphrases.
 */
export function describeError(error: unknown, depth = 0): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error), stack: String(error) };
  const { query, code, cause, errors } = error as {
    query?: unknown;
    code?: unknown;
    cause?: unknown;
    errors?: unknown;
  };
  const queryText = `Failed query: ${String(query)}`;
  const message = error.message.startsWith(queryText) ? queryText : error.message;
  const own = error.stack ?? `${error.name}: ${message}`;
  // The stack begins with the message. The replacement is a function because `$` is special in a replacement text.
  let stack = own.includes(error.message) ? own.replace(error.message, () => message) : message;
  const inner = [...(cause === undefined ? [] : [cause]), ...(Array.isArray(errors) ? (errors as unknown[]) : [])];
  if (depth < causesMax) for (const each of inner) stack += `\ncaused by: ${describeError(each, depth + 1).stack}`;
  return { type: error.name, message, ...(typeof code === "string" ? { code } : {}), stack };
}
