import type { Database } from "./database.ts";
import { checkDriver } from "./driver-patch.ts";
import { openEmbedded } from "./embedded.ts";
import { openServer } from "./server.ts";

/** Opens the server behind `url`, or else the embedded database in `directory`, and applies missing migrations. */
export async function openDatabase(options: { url: string | undefined; directory: string }): Promise<Database> {
  if (options.url === undefined) return openEmbedded(options.directory);
  checkDriver();
  return openServer(options.url);
}
