import { createHash, randomUUID } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { openDatabase } from "../../src/db/open.ts";
import { paths } from "../../src/files/paths.ts";

/** Where a test's app keeps its rows. */
export interface TestDatabase {
  readonly name: string;
  /** Creates a fresh database with the newest schema; an embedded one lies in `directory`. */
  prepare(directory: string): Promise<{ url: string | undefined; drop: () => Promise<void> }>;
}

async function migrationsHash(): Promise<string> {
  const hash = createHash("sha256");
  for (const file of (await readdir(paths.migrations)).filter((name) => name.endsWith(".sql")).sort()) {
    hash.update(await readFile(join(paths.migrations, file)));
  }
  return hash.digest("hex").slice(0, 16);
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

/**
 * A database directory with only the schema. A copy of it opens in 0.2 s, a fresh one takes 4 s. It is created once per
 * set of migrations; when two test processes create it concurrently, the first one's stays.
 */
async function embeddedTemplate(): Promise<string> {
  const cache = join(paths.root, ".cache");
  const template = join(cache, `test-database-${await migrationsHash()}`);
  if (await exists(template)) return template;
  await mkdir(cache, { recursive: true });
  const draft = await mkdtemp(join(tmpdir(), "hanami-template-"));
  const database = await openDatabase({ url: undefined, directory: join(draft, "database") });
  await database.close();
  const copy = `${template}.${randomUUID()}`;
  await cp(join(draft, "database"), copy, { recursive: true });
  await rm(draft, { recursive: true });
  await rename(copy, template).catch(() => rm(copy, { recursive: true }));
  return template;
}

const embedded: TestDatabase = {
  name: "PGlite",
  async prepare(directory) {
    await cp(await embeddedTemplate(), directory, { recursive: true });
    return { url: undefined, drop: async () => {} };
  },
};

/** Runs one statement as the superuser, outside of any test's database. */
async function administrate(superuserUrl: string, statement: string): Promise<void> {
  const client = postgres(superuserUrl, { max: 1, onnotice: () => {} });
  try {
    await client.unsafe(statement);
  } finally {
    await client.end();
  }
}

const server = (superuserUrl: string): TestDatabase => ({
  name: "Postgres",
  async prepare() {
    const name = `hanami_${randomUUID().replaceAll("-", "")}`;
    await administrate(superuserUrl, `create database ${name}`);
    const url = new URL(superuserUrl);
    url.pathname = `/${name}`;
    return { url: url.href, drop: () => administrate(superuserUrl, `drop database if exists ${name} with (force)`) };
  },
});

const superuserUrl = process.env["HANAMI_TEST_DATABASE_URL"];

/** For `describe.each(databases)("… on $name", …)`: a suite that must hold on every available database. */
export const databases: readonly TestDatabase[] =
  superuserUrl === undefined ? [embedded] : [embedded, server(superuserUrl)];

export const embeddedDatabase = embedded;
