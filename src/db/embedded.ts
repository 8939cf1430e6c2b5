import { dirname } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { drizzle } from "drizzle-orm/pglite";
import { migrate } from "drizzle-orm/pglite/migrator";
import type { Logger } from "pino";
import { checkSpace } from "../files/free-space.ts";
import { outageOf } from "../server/outage.ts";
import { paths } from "../files/paths.ts";
import { StartError } from "../errors.ts";
import { checkVersion } from "./check-version.ts";
import type { Db } from "./client.ts";
import type { Database } from "./database.ts";
import { copyDatabaseTemplate } from "./database-template.ts";
import { prepareStatements } from "./prepared-statements.ts";
import * as schema from "./schema/index.ts";
import { TableUpkeep } from "./table-upkeep.ts";
import { keepLogShort } from "./write-ahead-log.ts";

export const settings = [
  // The process keeps this memory: it takes 233 MB, but 380 MB and more with the default of 128 MB.
  "shared_buffers=16MB",
  // Keeps 16 MiB segments for reuse: see `keepLogShort`.
  "min_wal_size=48MB",
  // Otherwise every checkpoint writes a file for them; on a full disk that makes the database and the process hang.
  "max_active_replication_origins=0",
  // Statistics of 900 rows instead of 30 000: as exact as our queries need, in a twentieth of the time.
  "default_statistics_target=3",
];

interface Options {
  /** It keeps up to this many files open; without it, as many as Postgres does. */
  filesMax?: number | undefined;
  template?: string;
  log?: Pick<Logger, "warn"> | undefined;
}

/**
 * Opens the embedded database. It has no lock of its own: the caller must hold the lock of the data directory, because
 * two processes on one directory destroy it.
 */
export async function openEmbedded(
  directory: string,
  { filesMax = 1000, template = paths.databaseTemplate, log }: Options = {},
): Promise<Database> {
  let client: PGlite | undefined;
  try {
    // Without disk space, opening would hang.
    await checkSpace(dirname(directory));
    const isNew = copyDatabaseTemplate(template, directory);
    client = await PGlite.create({
      dataDir: directory,
      startParams: [
        ...PGlite.defaultStartParams,
        ...[...settings, `max_files_per_process=${filesMax}`].flatMap((setting) => ["-c", setting]),
      ],
    });
    const db = drizzle(prepareStatements(client), { schema });
    await checkVersion(db as unknown as Db, `in ${directory}`);
    await migrate(db, { migrationsFolder: paths.migrations });
    const tables = new TableUpkeep(client, directory, { log });
    if (!isNew) await tables.cleanUnknown();
    tables.start();
    const writeAheadLog = keepLogShort(client, directory);
    return {
      db: db as unknown as Db,
      // The lock of the data directory keeps other servers out.
      taken: new Promise(() => {}),
      close: async () => {
        await tables.stop();
        await writeAheadLog.stop();
        await client?.close();
      },
    };
  } catch (error) {
    await client?.close().catch(() => {});
    if (error instanceof StartError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const hint =
      outageOf(error) === undefined ? " If its files are damaged, restore the data directory from a backup." : "";
    throw new StartError(`The embedded database in ${directory} cannot be opened: ${reason}.${hint}`, {
      cause: error,
    });
  }
}
