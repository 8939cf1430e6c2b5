/**
 * Embedded databases that the apps of a process use one after another. Copying and opening one takes a second of
 * processor time, emptying one some milliseconds.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import type { Db } from "../../src/db/client.ts";
import type { Database } from "../../src/db/database.ts";
import { openDatabase } from "../../src/db/open.ts";

/** A fresh database for the lifetime of one app. */
export interface LentDatabase {
  readonly url: string | undefined;
  /** Opens it for the app, which may close it and open it again. */
  readonly open: typeof openDatabase;
  /** Call it before the app closes the database for good. */
  ending?(): void;
  giveBack(): Promise<void>;
}

interface Kept {
  readonly folder: string;
  readonly schema: string;
  database: Database;
}

const idle: Kept[] = [];

async function make(): Promise<Kept> {
  const folder = await mkdtemp(join(process.env["HANAMI_TEST_FOLDER"] ?? tmpdir(), "embedded-"));
  const directory = join(folder, "database");
  const database = await openDatabase({ url: undefined, directory });
  return { folder, schema: await schemaOf(database.db), database };
}

/** Everything about tables that a test can have changed, except their rows. */
async function schemaOf(db: Db): Promise<string> {
  const columns = sql`select table_name, column_name, data_type, is_nullable, column_default
    from information_schema.columns where table_schema = 'public' order by 1, 2`;
  const constraints = sql`select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
    where connamespace = 'public'::regnamespace order by 1, 2`;
  const indexes = sql`select indexname, indexdef from pg_indexes where schemaname = 'public' order by 1`;
  return JSON.stringify([await db.execute(columns), await db.execute(constraints), await db.execute(indexes)]);
}

async function empty(db: Db): Promise<void> {
  const { rows } = (await db.execute(
    sql`select string_agg(quote_ident(tablename), ', ') as all from pg_tables where schemaname = 'public'`,
  )) as unknown as { rows: [{ all: string }] };
  await db.execute(sql.raw(`truncate ${rows[0].all} restart identity cascade`));
}

/** The database as one app sees it: after the app's end it refuses calls, like a closed one. */
function until(hasEnded: () => boolean, db: Db): Db {
  return new Proxy(db, {
    get(target, name, receiver) {
      if (hasEnded()) throw new Error("the database is closed");
      return Reflect.get(target, name, receiver) as unknown;
    },
  });
}

export async function lendEmbedded(): Promise<LentDatabase> {
  const kept = idle.pop() ?? (await make());
  let isOpen = true;
  let isEnding = false;
  let hasEnded = false;
  return {
    url: undefined,
    async open(options) {
      if (!isOpen) kept.database = await openDatabase({ ...options, directory: join(kept.folder, "database") });
      isOpen = true;
      const { database } = kept;
      return {
        db: until(() => hasEnded, database.db),
        taken: database.taken,
        async close() {
          if (isEnding) return;
          isOpen = false;
          await database.close();
        },
      };
    },
    ending() {
      isEnding = true;
    },
    async giveBack() {
      hasEnded = true;
      if (isOpen) {
        await empty(kept.database.db);
        if ((await schemaOf(kept.database.db)) === kept.schema) return void idle.push(kept);
        await kept.database.close();
      }
      await rm(kept.folder, { recursive: true, force: true });
    },
  };
}
