import { PGlite } from "@electric-sql/pglite";
import { drizzle as drizzlePglite } from "drizzle-orm/pglite";
import { migrate as migratePglite } from "drizzle-orm/pglite/migrator";
import { drizzle as drizzlePostgres } from "drizzle-orm/postgres-js";
import { migrate as migratePostgres } from "drizzle-orm/postgres-js/migrator";
import postgres from "postgres";
import { paths } from "../paths.ts";
import { StartError } from "../start-error.ts";
import type { Db } from "./client.ts";
import * as schema from "./schema/index.ts";

/** An open database whose schema is up to date. */
export interface Database {
  db: Db;
  close(): Promise<void>;
}

/** Any constant will do, as long as nothing else in the same database locks it. */
const migrationLock = 4_841_141;

/**
 * The embedded database. It has no lock of its own: the caller must hold the lock of the data directory, because two
 * processes on one directory destroy it.
 */
async function openEmbedded(directory: string): Promise<Database> {
  const client = await PGlite.create({
    dataDir: directory,
    // The default of 128 MB is memory that stays in the process: 233 MB instead of 380 and more.
    startParams: [...PGlite.defaultStartParams, "-c", "shared_buffers=16MB"],
  });
  const db = drizzlePglite(client, { schema });
  await migratePglite(db, { migrationsFolder: paths.migrations });
  return { db: db as unknown as Db, close: () => client.close() };
}

/** Two servers that start at once must not both apply the same migration. */
async function migrateServer(url: string): Promise<void> {
  const client = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await client`select pg_advisory_lock(${migrationLock})`;
    await migratePostgres(drizzlePostgres(client), { migrationsFolder: paths.migrations });
  } finally {
    await client.end();
  }
}

/** Where the server is, without the password that the URL may hold. */
function describeUrl(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}

async function openServer(url: string): Promise<Database> {
  try {
    await migrateServer(url);
  } catch (error) {
    // Drizzle wraps what the driver says into an error that shows the whole statement.
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StartError(`The database ${describeUrl(url)} can not be used: ${reason}`, { cause: error });
  }
  const client = postgres(url, { max: 10, onnotice: () => {} });
  const db = drizzlePostgres(client, { schema });
  return { db: db as unknown as Db, close: () => client.end({ timeout: 5 }) };
}

/** Opens the server behind `url`, or else the embedded database in `directory`, and applies missing migrations. */
export async function openDatabase(options: { url: string | undefined; directory: string }): Promise<Database> {
  return options.url === undefined ? openEmbedded(options.directory) : openServer(options.url);
}
