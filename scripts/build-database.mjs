// Makes build/database, the empty database that a new server copies, if the schema or the database has changed.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root, waitFor } from "./install.mjs";

const migrationsFolder = join(root, "src/db/migrations");
const script = fileURLToPath(import.meta.url);

/** Hash of everything that determines the result. */
function sourcesHash() {
  const names = readdirSync(migrationsFolder).filter((name) => name.endsWith(".sql"));
  const files = names.sort().map((name) => join(migrationsFolder, name));
  const hash = createHash("sha256");
  for (const file of [join(root, "node_modules/@electric-sql/pglite/package.json"), script, ...files]) {
    hash.update(readFileSync(file));
  }
  return hash.digest("hex");
}

/** Resolves to the exit code of the process that makes it: what that takes in memory is given back with its end. */
export async function buildDatabase() {
  const build = join(root, "build");
  const target = join(build, "database");
  const hashFile = join(build, "database.hash");
  const hash = sourcesHash();
  if (existsSync(target) && existsSync(hashFile) && readFileSync(hashFile, "utf8") === hash) return 0;
  mkdirSync(build, { recursive: true });
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
  writeFileSync(hashFile, hash);
  return 0;
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
