import type { PGlite } from "@electric-sql/pglite";
import type { Logger } from "pino";
import { checkSpace } from "../files/free-space.ts";

const INTERVAL_MS = 30_000;
const PAGE_BYTES = 8192;

interface Table {
  name: string;
  /** As of the last statistics or the last new index; -1: there were none. */
  rows: number;
  pages_then: number;
  pages: number;
  /** Nobody has looked at the contents: a new index only counts the rows. */
  unknown: boolean;
  /** Pages whose rows need not be looked at to see that they are valid, as of the last vacuum or statistics. */
  visible: number;
  /** Rows changed since the last statistics, and rows that were replaced or deleted; both since the start. */
  changed: number;
  dead: number;
  /** The same of the parts of 2 KB in which long values are stored. */
  dead_parts: number;
}

const LOOK = `select oid::regclass::text as name, reltuples as rows, relpages as pages_then,
  (pg_relation_size(oid) / ${PAGE_BYTES})::int as pages, relallvisible as visible,
  not exists (select from pg_statistic where starelid = pg_class.oid) as unknown,
  pg_stat_get_mod_since_analyze(oid) as changed, pg_stat_get_dead_tuples(oid) as dead,
  coalesce(pg_stat_get_dead_tuples(nullif(reltoastrelid, 0)), 0) as dead_parts
  from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by relname`;

const isUnknown = ({ unknown, pages }: Table) => unknown && pages > 0;

/** The counters begin at 0 with each start, the size of the table does not. */
const lacksStatistics = (table: Table) => {
  const { rows, pages, pages_then, changed } = table;
  return isUnknown(table) || Math.abs(pages - pages_then) > 20 + 0.1 * pages_then || changed > 500 + 0.1 * rows;
};

/** Small portions: for a hundredth of a table its indexes are not read. Curves are long, and replaced often. */
const hasDeadRows = ({ rows, dead, dead_parts }: Table) => dead > 500 + 0.01 * rows || dead_parts > 5000;

/** Counting by an index reads the rows themselves on all other pages, also in tables that only grow. */
const hasNewPages = ({ pages, visible }: Table) => pages - visible > 20 + 0.2 * pages;

interface Options {
  /** Gets one warning for a table that cannot be cleaned, until it can. */
  log?: Pick<Logger, "warn"> | undefined;
  intervalMs?: number;
}

/**
 * Does what the autovacuum of a Postgres server does, which the embedded database lacks: without statistics it would
 * read whole tables, and tables and indexes would keep the space of all replaced rows. Requests wait for at most one
 * statement on one table.
 */
export class TableUpkeep {
  readonly #client: PGlite;
  readonly #directory: string;
  readonly #options: Options;
  readonly #reported = new Set<string>();
  #seen = "";
  #isStopping = false;
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(client: PGlite, directory: string, options: Options = {}) {
    this.#client = client;
    this.#directory = directory;
    this.#options = options;
  }

  /**
   * Cleans the tables of an earlier version, which takes seconds for a million rows. Call it before there are requests.
   */
  async cleanUnknown(): Promise<void> {
    for (const table of await this.#tables()) if (isUnknown(table)) await this.#clean("vacuum (analyze)", table);
  }

  start(): void {
    this.#timer = setInterval(() => {
      // Without the database the next interval tries again.
      this.#work = this.#work.then(() => this.#look()).catch(() => {});
    }, this.#options.intervalMs ?? INTERVAL_MS);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#timer);
    await this.#work;
  }

  async #look(): Promise<void> {
    const current = await this.#position();
    // Nothing was written, as on an idle server.
    if (current === this.#seen) return;
    // Otherwise the counters lack the changes of the last second.
    await this.#client.query("select pg_stat_force_next_flush()");
    let isDone = true;
    for (const table of await this.#tables()) {
      const isVacuumed = !(hasDeadRows(table) || hasNewPages(table)) || (await this.#clean("vacuum", table));
      const isAnalyzed = !lacksStatistics(table) || (await this.#clean("analyze", table));
      isDone &&= isVacuumed && isAnalyzed;
    }
    if (isDone) this.#seen = current;
  }

  async #position(): Promise<string> {
    const { rows } = await this.#client.query<{ lsn: string }>("select pg_current_wal_insert_lsn()::text as lsn");
    return rows[0]?.lsn ?? "";
  }

  async #tables(): Promise<Table[]> {
    return (await this.#client.query<Table>(LOOK)).rows;
  }

  /** False: it failed, as on a full disk, and the other tables do not depend on it. */
  async #clean(command: string, { name }: Table): Promise<boolean> {
    if (this.#isStopping) return false;
    const key = `${command} ${name}`;
    try {
      await checkSpace(this.#directory, 2 * (await this.#size(name)));
      await this.#client.query(key);
      this.#reported.delete(key);
      return true;
    } catch (error) {
      if (!this.#reported.has(key)) this.#options.log?.warn({ err: error, table: name }, "a table cannot be cleaned");
      this.#reported.add(key);
      return false;
    }
  }

  /**
   * Size of the table, its long values and its indexes, which takes milliseconds to find. The log gets up to a copy of
   * each page that changes, and the database hangs where there is no space for the log.
   */
  async #size(table: string): Promise<number> {
    const sum = "select pg_total_relation_size($1::text::regclass)::float8 as bytes";
    const { rows } = await this.#client.query<{ bytes: number }>(sum, [table]);
    return rows[0]?.bytes ?? Infinity;
  }
}
