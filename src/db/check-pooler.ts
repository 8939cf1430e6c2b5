import type { Sql } from "postgres";

const rounds = 3;

const processOf = async (sql: Pick<Sql, "unsafe">) => {
  const [row] = await sql.unsafe<{ pid: number }[]>("select pg_backend_pid() as pid");
  return row?.pid;
};

/** PgBouncer's mode `statement` ends the connection of whoever begins a transaction. */
function isRefused(error: Error): boolean {
  if ("code" in error && error.code === "CONNECTION_CLOSED") return true;
  throw error;
}

/**
 * Whether something in between hands the server's processes from one client to another, as PgBouncer does in its mode
 * `transaction`. Then locks of a session hold nothing. While the other client is in a transaction, the first one must
 * have the process that it had before, and the other one another.
 */
export async function isPooled(first: Sql, other: Sql): Promise<boolean> {
  for (let round = 0; round < rounds; round++) {
    const own = await processOf(first);
    const transaction = other.begin(async (tx) => (await processOf(tx)) === own || (await processOf(first)) !== own);
    if (await transaction.catch(isRefused)) return true;
  }
  return false;
}
