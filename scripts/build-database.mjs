// Makes build/database, the empty database that a new server copies, if the schema or the database has changed.
import { spawn } from "node:child_process";
import { chmodSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildFrom } from "./build-from.mjs";
import { root, waitFor } from "./install.mjs";

const migrationsFolder = join(root, "src/db/migrations");
const script = fileURLToPath(import.meta.url);

/** Everything that determines the result. */
function sourceFiles() {
  const migrations = readdirSync(migrationsFolder).filter((name) => name.endsWith(".sql"));
  const database = join(root, "node_modules/@electric-sql/pglite/package.json");
  return [database, script, ...migrations.sort().map((name) => join(migrationsFolder, name))];
}

/** Resolves to the exit code of the process that makes it: what that takes in memory is given back with its end. */
export function buildDatabase() {
  return buildFrom({ name: "database", files: sourceFiles() }, async (target) => {
    const draft = `${target}.${process.pid}`;
    const code = await waitFor(spawn(process.execPath, [script, draft], { stdio: "inherit" }));
    if (code !== 0) {
      rmSync(draft, { recursive: true, force: true });
      return code;
    }
    rmSync(target, { recursive: true, force: true });
    try {
      renameSync(draft, target);
    } catch {
      // Another build was faster.
      rmSync(draft, { recursive: true, force: true });
    }
    return 0;
  });
}

async function make(directory) {
  const { PGlite } = await import("@electric-sql/pglite");
  const { drizzle } = await import("drizzle-orm/pglite");
  const { migrate } = await import("drizzle-orm/pglite/migrator");
  const client = await PGlite.create({ dataDir: directory });
  await migrate(drizzle(client), { migrationsFolder });
  await client.close();
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    // Users other than the builder may copy the files, but not change them.
    chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
  }
}

if (process.argv[1] === script) await make(process.argv[2]);
