import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { Sql } from "postgres";
import { StartError } from "../start-error.ts";
import { connectOnce } from "./server-connection.ts";

/** Any constant will do, as long as nothing else in the same database locks it. */
const lockKey = 4_841_141;

/** The connection of a server that was killed ends a moment after it. */
const patienceMs = 3000;
const retryMs = 100;

export interface Hold {
  /** Resolves when the hold was lost to another server. */
  readonly taken: Promise<Error>;
  release(): Promise<void>;
}

/**
 * Two servers on one database would carry out every task twice and remove each other's files. So each keeps a
 * connection open that holds a lock of the database's own, which ends with the connection, and takes it again after
 * the database was away. Throws StartError, naming who has it.
 */
export async function takeDatabase(url: string, name: string): Promise<Hold> {
  const applicationName = `hanami-webgpu on ${hostname()}, process ${process.pid}`;
  let holder: Sql | undefined;
  let isReleased = false;
  let retaking: Promise<void> = Promise.resolve();
  let tellTaken: (error: Error) => void = () => {};
  const taken = new Promise<Error>((resolve) => (tellTaken = resolve));

  /** Who has it instead; undefined when we do. Throws when the database does not answer. */
  const take = async (): Promise<StartError | undefined> => {
    let isOpen = true;
    const client = connectOnce(url, applicationName, () => {
      isOpen = false;
      if (holder !== client) return;
      // It would connect anew with its next query, but without the lock.
      holder = undefined;
      if (!isReleased) retaking = retake();
    });
    try {
      const [row] = await client<{ held: boolean }[]>`select pg_try_advisory_lock(${lockKey}) as held`;
      if (row?.held !== true) return await inUse(client, name);
      if (!isOpen) throw new Error("the connection broke");
      holder = client;
      return undefined;
    } finally {
      if (holder !== client) await client.end();
    }
  };

  const retake = async () => {
    while (!isReleased) {
      await delay(retryMs);
      try {
        const owner = await take();
        // It was away, and another server was quicker.
        if (owner !== undefined) tellTaken(owner);
        return;
      } catch {
        // Not back yet.
      }
    }
  };

  const start = performance.now();
  for (let owner = await take(); owner !== undefined; owner = await take()) {
    if (performance.now() - start > patienceMs) throw owner;
    await delay(retryMs);
  }
  return {
    taken,
    async release() {
      isReleased = true;
      await retaking;
      await holder?.end();
    },
  };
}

async function inUse(client: Sql, name: string): Promise<StartError> {
  const rows = await client<{ name: string }[]>`
    select application_name as name from pg_stat_activity join pg_locks using (pid)
    where locktype = 'advisory' and granted and objid = ${lockKey} and classid = 0
      and pg_locks.database = (select oid from pg_database where datname = current_database())`;
  const who = rows[0]?.name ?? "another server";
  return new StartError(
    `The database ${name} is in use by ${who}. Stop that server, or set DATABASE_URL to another database.`,
  );
}
