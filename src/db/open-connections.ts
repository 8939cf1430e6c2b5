import type { Sql } from "postgres";
import { StartError } from "../errors.ts";
import type { ServerAddress } from "../server/connection-url.ts";

/**
 * Opens all connections of a pool, which keeps them, so that a shortage fails the start instead of every third request.
 * Throws StartError, which says how many connections the database accepts.
 */
export async function openConnections(pool: Sql, { name }: ServerAddress, wanted: number): Promise<void> {
  let opened = 0;
  let failure: Error | undefined;
  let end: () => void = () => {};
  const done = new Promise<void>((resolve) => (end = resolve));
  const open = async () => {
    try {
      await pool.begin(async () => {
        opened += 1;
        if (opened === wanted) end();
        // Holds the connection until all are open.
        await done;
      });
    } catch (error) {
      failure ??= error as Error;
      end();
    }
  };
  await Promise.all(Array.from({ length: wanted }, open));
  if (failure === undefined) return;
  await pool.end({ timeout: 0 });
  throw new StartError(
    `The database ${name} accepts only ${opened} of the ${wanted} connections that HANAMI_DATABASE_CONNECTIONS asks ` +
      `for, in addition to one for the lock: ${failure.message}. ` +
      `Set it to ${Math.max(1, opened)} or less, or let the database accept more.`,
  );
}
