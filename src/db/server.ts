import { drizzle } from "drizzle-orm/postgres-js";
import { migrate } from "drizzle-orm/postgres-js/migrator";
import { paths } from "../paths.ts";
import { StartError } from "../start-error.ts";
import { checkVersion } from "./check-version.ts";
import type { Database } from "./database.ts";
import * as schema from "./schema/index.ts";
import { connectOnce, createPool, describeUrl } from "./server-connection.ts";
import { takeDatabase } from "./server-lock.ts";

/** What still runs when the server stops may take as long. */
const closeSeconds = 5;

/** A Postgres server. It may go away and come back: queries fail meanwhile, with what `outageOf` knows. */
export async function openServer(url: string): Promise<Database> {
  const name = describeUrl(url);
  const hold = await takeDatabase(url, name).catch((error: unknown) => {
    throw unusable(name, error);
  });
  try {
    await migrateServer(url, name);
  } catch (error) {
    await hold.release();
    throw unusable(name, error);
  }
  const pool = createPool(url);
  return {
    db: drizzle(pool, { schema }),
    taken: hold.taken,
    close: async () => {
      await pool.end({ timeout: closeSeconds });
      await hold.release();
    },
  };
}

function unusable(name: string, error: unknown): StartError {
  if (error instanceof StartError) return error;
  // Drizzle wraps what the driver says into an error that shows the whole statement.
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StartError(`The database ${name} can not be used: ${reason}`, { cause: error });
}

async function migrateServer(url: string, name: string): Promise<void> {
  const client = connectOnce(url, "hanami-webgpu migration");
  try {
    const db = drizzle(client);
    await checkVersion(db, name);
    await migrate(db, { migrationsFolder: paths.migrations });
  } finally {
    await client.end();
  }
}
