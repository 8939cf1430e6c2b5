import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";

/** Removes what an earlier run left behind: all files of a folder except those with these names. */
export async function keepOnly(folder: string, names: Iterable<string>, log: Logger): Promise<void> {
  const known = new Set(names);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isFile() || known.has(entry.name)) continue;
    await rm(join(folder, entry.name), { force: true });
    log.info({ file: entry.name }, "removed a left-over file");
  }
}
