import type { Sql } from "postgres";
import { StartError } from "../errors.ts";
import type { ServerAddress } from "../server/connection-url.ts";

/**
 * Opens all connections of a pool, which keeps them: what is missing is known at the start, and not by every third
 * request. Throws StartError, which says how many there could be.
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
        // Nobody gives one back before all have one.
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
    `The database ${name} takes only ${opened} of the ${wanted} connections that HANAMI_DATABASE_CONNECTIONS asks for, ` +
      `besides one for the lock: ${failure.message}. Set it to ${Math.max(1, opened)} or less, or let the database take more.`,
  );
}
