import { drizzle } from "drizzle-orm/postgres-js";
import { migrate } from "drizzle-orm/postgres-js/migrator";
import { paths } from "../files/paths.ts";
import { StartError } from "../errors.ts";
import { checkMayCreate, checkRights, checkTables, isBehind } from "./check-server.ts";
import { checkVersion } from "./check-version.ts";
import { parseConnectionUrl, type ServerAddress } from "../server/connection-url.ts";
import type { Database } from "./database.ts";
import { limitClient } from "./limited-client.ts";
import { openConnections } from "./open-connections.ts";
import * as schema from "./schema/index.ts";
import { connectOnce, createPool, type PoolOptions } from "./server-connection.ts";
import { takeDatabase } from "./server-lock.ts";

/** How long running queries may still take when the server stops. */
const closeSeconds = 5;

/** Opens a Postgres server. While it is away, queries fail with errors that `outageOf` recognizes. */
export async function openServer(url: string, options: PoolOptions): Promise<Database> {
  const address = parseConnectionUrl(url, process.env);
  const { connections, querySeconds } = options;
  const hold = await takeDatabase(address, querySeconds).catch((error: unknown) => {
    throw unusable(address, error);
  });
  try {
    if (await hold.isPooled()) throw pooled(address);
    await prepareServer(address);
    const pool = createPool(address, options);
    await openConnections(pool, address, connections);
    return {
      db: drizzle(limitClient(pool, { connections, waitMs: 1000 * querySeconds }), { schema }),
      taken: hold.taken,
      close: async () => {
        await pool.end({ timeout: closeSeconds });
        await hold.release();
      },
    };
  } catch (error) {
    await hold.release();
    throw unusable(address, error);
  }
}

const pooled = ({ name }: ServerAddress) =>
  new StartError(
    `The database ${name} is behind a pooler that shares connections among clients (PgBouncer's pool_mode ` +
      "transaction or statement): nothing would keep a second server out. Connect directly, or with pool_mode session.",
  );

function unusable({ name }: ServerAddress, error: unknown): StartError {
  if (error instanceof StartError) return error;
  // Drizzle wraps the driver's error into one that contains the whole statement.
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const isFull = cause instanceof Error && "code" in cause && cause.code === "53300";
  const advice = isFull
    ? ". The server needs one connection more than HANAMI_DATABASE_CONNECTIONS, and at least two."
    : "";
  return new StartError(`The database ${name} cannot be used: ${reason}${advice}`, { cause: error });
}

/** Migrates the schema, which may take long, and checks that the server can use it. */
async function prepareServer(address: ServerAddress): Promise<void> {
  const { name } = address;
  const client = connectOnce(address, { name: "hanami-webgpu migration", querySeconds: null });
  try {
    const db = drizzle(client);
    await checkRights(db, name);
    await checkVersion(db, name);
    // `migrate` needs the right to create schemas even when there is nothing to do.
    if (await isBehind(db)) {
      await checkMayCreate(db, name);
      await migrate(db, { migrationsFolder: paths.migrations });
    }
    await checkTables(db, name);
  } finally {
    await client.end();
  }
}
