import { statfs } from "node:fs/promises";
import type { PGlite } from "@electric-sql/pglite";
import { reservedBytes } from "../files/free-space.ts";

const INTERVAL_MS = 30_000;
const PAGE_BYTES = 8192;

/** 300 sampled rows for each: as exact as our queries need, in a twentieth of the default's time. */
const STATISTICS_TARGET = 3;

interface Table {
  name: string;
  /** As of the last statistics; -1: there are none. */
  rows: number;
  pages_then: number;
  pages: number;
  /** Rows changed since the last statistics, and rows that were replaced or deleted; both since the start. */
  changed: number;
  dead: number;
}

const LOOK = `select oid::regclass::text as name, reltuples as rows, relpages as pages_then,
  (pg_relation_size(oid) / ${PAGE_BYTES})::int as pages, pg_stat_get_mod_since_analyze(oid) as changed,
  pg_stat_get_dead_tuples(oid) as dead
  from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`;

/** The counters begin at 0 with each start, the size of the table does not. */
const lacksStatistics = ({ rows, pages, pages_then, changed }: Table) =>
  (rows < 0 && pages > 0) || Math.abs(pages - pages_then) > 20 + 0.1 * pages_then || changed > 500 + 0.1 * rows;

/** Small portions: for a hundredth of a table its indexes are not read. */
const hasDeadRows = ({ rows, dead }: Table) => dead > 500 + 0.01 * rows;

/**
 * Does what the autovacuum of a Postgres server does, which the embedded database lacks: without statistics it would
 * read whole tables, and tables and indexes would keep the space of all replaced rows. Requests wait for at most one
 * statement on one table. Never rejects.
 */
export function keepTablesTidy(client: PGlite, directory: string, intervalMs = INTERVAL_MS): { stop(): Promise<void> } {
  let seen = "";
  let work: Promise<void> = Promise.resolve();
  let isStopping = false;
  const position = async () =>
    (await client.query<{ lsn: string }>("select pg_current_wal_insert_lsn()::text as lsn")).rows[0]?.lsn ?? "";
  const look = async () => {
    const current = await position();
    // Nothing was written, as on an idle server.
    if (current === seen) return;
    // Otherwise the counters lack the changes of the last second.
    await client.query("select pg_stat_force_next_flush()");
    const { rows: tables } = await client.query<Table>(LOOK);
    for (const table of tables) {
      if (hasDeadRows(table) && (await hasRoom(directory, table)) && !isStopping) {
        await client.query(`vacuum ${table.name}`);
      }
      if (lacksStatistics(table) && (await hasRoom(directory, table)) && !isStopping) {
        await client.exec(`set default_statistics_target = ${STATISTICS_TARGET}; analyze ${table.name}`);
      }
    }
    seen = current;
  };
  const timer = setInterval(() => {
    // On a full disk the next interval tries again.
    work = work.then(look).catch(() => {});
  }, intervalMs);
  timer.unref();
  return {
    async stop() {
      isStopping = true;
      clearInterval(timer);
      await work;
    },
  };
}

/** The log gets up to a copy of each changed page, and the database hangs where there is no space for the log. */
async function hasRoom(directory: string, { pages }: Table): Promise<boolean> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize >= reservedBytes + 2 * pages * PAGE_BYTES;
}
