import type { Logger } from "pino";
import type { Database } from "./database.ts";
import { checkDriver } from "./driver-patch.ts";
import { openEmbedded } from "./embedded.ts";
import type { PoolOptions } from "./server-connection.ts";
import { openServer } from "./server.ts";

interface DatabaseOptions extends Partial<PoolOptions> {
  /** URL of a Postgres server. */
  url: string | undefined;
  /** Directory of the embedded database, which is used without `url`. */
  directory: string;
  /** How many files the embedded database may keep open. */
  filesMax?: number;
  log?: Pick<Logger, "warn">;
}

/** Opens the database server at `url`, or the embedded database in `directory`, and applies missing migrations. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { url, directory, filesMax, log, connections = 10, querySeconds = 15 } = options;
  if (url === undefined) return openEmbedded(directory, { filesMax, log });
  checkDriver();
  return openServer(url, { connections, querySeconds });
}
