/** What may be written down about an error. */
export interface ErrorDescription {
  type: string;
  message: string;
  /** Of the system, the database or Node. */
  code?: string;
  /** With those of its causes. */
  stack: string;
}

const causesMax = 5;

/**
 * Nothing but message, code and stack: other fields of errors hold what was worked on. The values of a failed query are
 * left out for the same reason, hashes of passphrases could be among them.
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
  // The stack begins with the message; a function, because `$` means something in a replacement text.
  let stack = own.includes(error.message) ? own.replace(error.message, () => message) : message;
  const inner = [...(cause === undefined ? [] : [cause]), ...(Array.isArray(errors) ? (errors as unknown[]) : [])];
  if (depth < causesMax) for (const each of inner) stack += `\ncaused by: ${describeError(each, depth + 1).stack}`;
  return { type: error.name, message, ...(typeof code === "string" ? { code } : {}), stack };
}
