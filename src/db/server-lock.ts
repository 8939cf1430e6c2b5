import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { Sql } from "postgres";
import { StartError } from "../errors.ts";
import { isPooled } from "./check-pooler.ts";
import type { ServerAddress } from "../server/connection-url.ts";
import { connectOnce } from "./server-connection.ts";

/** An arbitrary constant that nothing else in the database locks. */
const lockKey = 4_841_141;

/** The connection of a killed server ends slightly later than the server. */
const patienceMs = 3000;
const retryMs = 100;
const watchMs = 5000;

export interface Hold {
  /** Resolves when another server has taken the lock. */
  readonly taken: Promise<Error>;
  /** Whether a pooler shares the lock's session with other clients. */
  isPooled(): Promise<boolean>;
  release(): Promise<void>;
}

/**
 * Locks the database, because two servers on one database would run every task twice and remove each other's files.
 * The lock is a session-level advisory lock on a connection that stays open; it ends with the connection, and is taken
 * again when the database comes back. Throws StartError, which names the owner of the lock.
 */
export async function takeDatabase(address: ServerAddress, querySeconds: number): Promise<Hold> {
  const applicationName = `hanami-webgpu on ${hostname()}, process ${process.pid}`;
  let holder: Sql | undefined;
  let holderProcess: number | undefined;
  let isReleased = false;
  let retaking: Promise<void> = Promise.resolve();
  let tellTaken: (error: Error) => void = () => {};
  const taken = new Promise<Error>((resolve) => (tellTaken = resolve));

  /** Tries to take the lock. Returns its owner, undefined on success. Throws when the database does not answer. */
  const take = async (): Promise<Owner | undefined> => {
    let isOpen = true;
    const onClose = () => {
      isOpen = false;
      if (holder !== client) return;
      // The client would reconnect for its next query, but without the lock.
      holder = undefined;
      if (!isReleased) retaking = retake();
    };
    const client = connectOnce(address, { name: applicationName, querySeconds, onClose });
    try {
      const [row] = await client<{ held: boolean; process: number }[]>`
        select pg_try_advisory_lock(${lockKey}) as held, pg_backend_pid() as process`;
      if (row?.held !== true) return await findOwner(client);
      if (!isOpen) throw new Error("the connection broke");
      holder = client;
      holderProcess = row.process;
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
        // The database has not yet noticed that our old connection ended.
        if (owner !== undefined && owner.process === holderProcess) continue;
        // Another server took the lock while the database was away.
        if (owner !== undefined) tellTaken(inUse(address, owner));
        return;
      } catch {
        // The database is still away.
      }
    }
  };

  const start = performance.now();
  for (let owner = await take(); owner !== undefined; owner = await take()) {
    if (performance.now() - start > patienceMs) throw inUse(address, owner);
    await delay(retryMs);
  }
  // Sending a query reveals a connection that the network has lost; the driver then closes it.
  const watch = setInterval(() => void holder?.unsafe("select 1").catch(() => {}), watchMs);
  watch.unref();
  return {
    taken,
    isPooled: async () => {
      const other = connectOnce(address, { name: "hanami-webgpu check", querySeconds });
      try {
        return holder === undefined || (await isPooled(holder, other));
      } finally {
        await other.end();
      }
    },
    async release() {
      isReleased = true;
      clearInterval(watch);
      await retaking;
      await holder?.end();
    },
  };
}

interface Owner {
  name: string;
  /** Its process on the database server; undefined when the owner has just released the lock. */
  process: number | undefined;
}

async function findOwner(client: Sql): Promise<Owner> {
  const [row] = await client<{ name: string; process: number }[]>`
    select application_name as name, pid as process from pg_stat_activity join pg_locks using (pid)
    where locktype = 'advisory' and granted and objid = ${lockKey} and classid = 0
      and pg_locks.database = (select oid from pg_database where datname = current_database())`;
  return { name: row?.name || "another server", process: row?.process };
}

function inUse({ name }: ServerAddress, owner: Owner): StartError {
  return new StartError(
    `The database ${name} is in use by ${owner.name}. Stop that server, or set DATABASE_URL to another database.`,
  );
}
