import { createHash, randomUUID } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { paths } from "../../src/files/paths.ts";

/** Changes with the schema. */
async function migrationsHash(): Promise<string> {
  const hash = createHash("sha256");
  for (const file of (await readdir(paths.migrations)).filter((name) => name.endsWith(".sql")).sort()) {
    hash.update(await readFile(join(paths.migrations, file)));
  }
  return hash.digest("hex").slice(0, 16);
}

/**
 * The directory of an embedded database with the schema and nothing else. It is made once for a set of migrations,
 * which takes seconds; of two processes that make it at once the first one's stays.
 */
export async function embeddedTemplate(): Promise<string> {
  const cache = join(paths.root, ".cache");
  const template = join(cache, `test-database-${await migrationsHash()}`);
  if (existsSync(template)) return template;
  await mkdir(cache, { recursive: true });
  const draft = await mkdtemp(join(tmpdir(), "hanami-template-"));
  const { openDatabase } = await import("../../src/db/open.ts");
  const database = await openDatabase({ url: undefined, directory: join(draft, "database") });
  await database.close();
  const copy = `${template}.${randomUUID()}`;
  copyFolder(join(draft, "database"), copy);
  await rm(draft, { recursive: true });
  await rename(copy, template).catch(() => rm(copy, { recursive: true }));
  return template;
}

/** Takes a third of `fs.cp`'s processor time for a thousand files, because `fs.cp` checks every folder above each. */
function copyFolder(source: string, target: string): void {
  mkdirSync(target, { recursive: true });
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    const [from, to] = [join(source, entry.name), join(target, entry.name)];
    if (entry.isDirectory()) copyFolder(from, to);
    else copyFileSync(from, to);
  }
}

/** Copies the template to `directory`. The copy opens in 0.2 s, an empty directory in 4 s. */
export async function copyTemplate(directory: string): Promise<void> {
  copyFolder(await embeddedTemplate(), directory);
}
