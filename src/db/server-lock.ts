import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { Sql } from "postgres";
import { StartError } from "../errors.ts";
import { isPooled } from "./check-pooler.ts";
import type { ServerAddress } from "../server/connection-url.ts";
import { connectOnce } from "./server-connection.ts";

/** Any constant will do, as long as nothing else in the same database locks it. */
const lockKey = 4_841_141;

/** The connection of a server that was killed ends a moment after it. */
const patienceMs = 3000;
const retryMs = 100;
const watchMs = 5000;

export interface Hold {
  /** Resolves when the hold was lost to another server. */
  readonly taken: Promise<Error>;
  /** Whether a pooler hands the lock's session to others. */
  isPooled(): Promise<boolean>;
  release(): Promise<void>;
}

/**
 * Two servers on one database would carry out every task twice and remove each other's files. So each keeps a
 * connection open that holds a lock of the database's own, which ends with the connection, and takes it again after
 * the database was away. Throws StartError, naming who has it.
 */
export async function takeDatabase(address: ServerAddress, querySeconds: number): Promise<Hold> {
  const applicationName = `hanami-webgpu on ${hostname()}, process ${process.pid}`;
  let holder: Sql | undefined;
  let holderProcess: number | undefined;
  let isReleased = false;
  let retaking: Promise<void> = Promise.resolve();
  let tellTaken: (error: Error) => void = () => {};
  const taken = new Promise<Error>((resolve) => (tellTaken = resolve));

  /** Who has it instead; undefined when we do. Throws when the database does not answer. */
  const take = async (): Promise<Owner | undefined> => {
    let isOpen = true;
    const onClose = () => {
      isOpen = false;
      if (holder !== client) return;
      // It would connect anew with its next query, but without the lock.
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
        // The server has not noticed yet that our connection ended.
        if (owner !== undefined && owner.process === holderProcess) continue;
        // It was away, and another server was quicker.
        if (owner !== undefined) tellTaken(inUse(address, owner));
        return;
      } catch {
        // Not back yet.
      }
    }
  };

  const start = performance.now();
  for (let owner = await take(); owner !== undefined; owner = await take()) {
    if (performance.now() - start > patienceMs) throw inUse(address, owner);
    await delay(retryMs);
  }
  // A connection that the network lost is noticed when something is sent; the driver then ends it.
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
  /** Of the database's server; undefined when the owner has just let go. */
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
