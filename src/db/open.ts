import type { Database } from "./database.ts";
import { checkDriver } from "./driver-patch.ts";
import { openEmbedded } from "./embedded.ts";
import type { PoolOptions } from "./server-connection.ts";
import { openServer } from "./server.ts";

/** Opens the server behind `url`, or else the embedded database in `directory`, and applies missing migrations. */
export async function openDatabase(
  options: { url: string | undefined; directory: string } & Partial<PoolOptions>,
): Promise<Database> {
  const { url, directory, connections = 10, querySeconds = 15 } = options;
  if (url === undefined) return openEmbedded(directory);
  checkDriver();
  return openServer(url, { connections, querySeconds });
}
