/** A temporary external failure that stops the server from working. It is no bug; work resumes when it is over. */
export type Outage = "database" | "space" | "files";

/** The text for clients. */
export const outageTexts: Record<Outage, string> = {
  database: "The server's database does not answer. Try again later.",
  space: "The server has no space left on its disk. Try again later.",
  files: "The server can not open more files and connections. Try again later.",
};

/** System: no space, quota, limit of the process. Postgres: disk_full. */
const spaceCodes = new Set(["ENOSPC", "EDQUOT", "EFBIG", "53100"]);

/** Process, whole system, and Postgres: insufficient_resources. */
const filesCodes = new Set(["EMFILE", "ENFILE", "53000"]);

/** Starting a thread reports EMFILE and ENFILE in its message only. */
const isThreadWithoutFiles = ({ code, message }: NodeJS.ErrnoException): boolean =>
  code === "ERR_WORKER_INIT_FAILED" && /E[MN]FILE/.test(message);

/**
 * Codes of the system's sockets, of the driver, and of a Postgres server that starts, stops, cancels a slow statement,
 * or accepts no more connections.
 */
const databaseCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "CONNECT_TIMEOUT",
  "CONNECTION_CLOSED",
  "CONNECTION_DESTROYED",
  "CONNECTION_ENDED",
  "QUERY_TIMEOUT",
  "57014",
  "53300",
  "57P01",
  "57P02",
  "57P03",
]);

/**
 * Whether the answer of the database was lost, so that the statement may have been committed. Its files are kept then:
 * the next start removes those without a row.
 */
export const isInDoubt = (error: unknown): boolean => outageOf(error) === "database";

/** The outage behind an error or one of its causes; undefined for other errors. */
export function outageOf(error: unknown): Outage | undefined {
  for (let each = error; each instanceof Error; each = each.cause) {
    const { code = "" } = each as NodeJS.ErrnoException;
    if (spaceCodes.has(code)) return "space";
    if (filesCodes.has(code) || isThreadWithoutFiles(each)) return "files";
    if (databaseCodes.has(code) || /^08...$/.test(code)) return "database";
  }
  return undefined;
}
