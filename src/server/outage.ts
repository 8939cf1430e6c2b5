/** What keeps the server from working for a while and is no defect of it: it goes on when that is over. */
export type Outage = "database" | "space" | "files";

/** The text for clients. */
export const outageTexts: Record<Outage, string> = {
  database: "The server's database does not answer. Try again later.",
  space: "The server has no space left on its disk. Try again later.",
  files: "The server can not open more files and connections. Try again later.",
};

/** Of the system: no space, a quota, a limit of the process. Of Postgres: disk_full. */
const spaceCodes = new Set(["ENOSPC", "EDQUOT", "EFBIG", "53100"]);

/** Of the process, of the whole system, and of Postgres: insufficient_resources. */
const filesCodes = new Set(["EMFILE", "ENFILE", "53000"]);

/** A thread's start says it in words only. */
const isThreadWithoutFiles = ({ code, message }: NodeJS.ErrnoException): boolean =>
  code === "ERR_WORKER_INIT_FAILED" && /E[MN]FILE/.test(message);

/**
 * Of the system's sockets, of the driver, and of a Postgres server that starts, stops, cancels what takes too long, or
 * takes no more connections.
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
 * The answer of the database was lost, perhaps after it had done what it was asked. Files that belong to it stay then:
 * the next start removes those that no row knows.
 */
export const isInDoubt = (error: unknown): boolean => outageOf(error) === "database";

/** Whether an error is an outage, wherever in its chain of causes that is said. */
export function outageOf(error: unknown): Outage | undefined {
  for (let each = error; each instanceof Error; each = each.cause) {
    const { code = "" } = each as NodeJS.ErrnoException;
    if (spaceCodes.has(code)) return "space";
    if (filesCodes.has(code) || isThreadWithoutFiles(each)) return "files";
    if (databaseCodes.has(code) || /^08...$/.test(code)) return "database";
  }
  return undefined;
}
