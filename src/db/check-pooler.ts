import type { Sql } from "postgres";

const rounds = 3;

const processOf = async (sql: Pick<Sql, "unsafe">) => {
  const [row] = await sql.unsafe<{ pid: number }[]>("select pg_backend_pid() as pid");
  return row?.pid;
};

/** PgBouncer's mode `statement` closes a connection that begins a transaction. */
function isRefused(error: Error): boolean {
  if ("code" in error && error.code === "CONNECTION_CLOSED") return true;
  throw error;
}

/**
 * Whether a pooler between us and the database shares the database's processes among clients, as PgBouncer does in its
 * mode `transaction`. Session locks are useless then. While the other client is in a transaction, the first client must
 * keep its process, and the other must have a different one.
 */
export async function isPooled(first: Sql, other: Sql): Promise<boolean> {
  for (let round = 0; round < rounds; round++) {
    const own = await processOf(first);
    const transaction = other.begin(async (tx) => (await processOf(tx)) === own || (await processOf(first)) !== own);
    if (await transaction.catch(isRefused)) return true;
  }
  return false;
}
