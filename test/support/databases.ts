import { randomUUID } from "node:crypto";
import postgres from "postgres";
import { openDatabase } from "../../src/db/open.ts";
import { type LentDatabase, lendEmbedded } from "./lent-databases.ts";

/** Where a test's app keeps its rows. */
export interface TestDatabase {
  readonly name: string;
  /** Creates a fresh database on a server; an embedded one begins with its first opening. */
  prepare(): Promise<{ url: string | undefined; drop: () => Promise<void> }>;
  /** A database without rows for one app of this process. */
  lend(): Promise<LentDatabase>;
}

const embedded: TestDatabase = {
  name: "PGlite",
  prepare: async () => ({ url: undefined, drop: async () => {} }),
  lend: lendEmbedded,
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

/** A database on a running server; `drop` removes it. */
export const databaseAt = (name: string, url: string, drop = async () => {}): TestDatabase => ({
  name,
  prepare: async () => ({ url, drop }),
  lend: async () => ({ url, open: openDatabase, giveBack: drop }),
});

function server(superuserUrl: string): TestDatabase {
  const make = async () => {
    const name = `hanami_${randomUUID().replaceAll("-", "")}`;
    await administrate(superuserUrl, `create database ${name}`);
    const url = new URL(superuserUrl);
    url.pathname = `/${name}`;
    return databaseAt("Postgres", url.href, () =>
      administrate(superuserUrl, `drop database if exists ${name} with (force)`),
    );
  };
  return {
    name: "Postgres",
    prepare: async () => (await make()).prepare(),
    lend: async () => (await make()).lend(),
  };
}

const superuserUrl = process.env["HANAMI_TEST_DATABASE_URL"];

/** For `describe.each(databases)("… on $name", …)`: a suite that must hold on every available database. */
export const databases: readonly TestDatabase[] =
  superuserUrl === undefined ? [embedded] : [embedded, server(superuserUrl)];

export const embeddedDatabase = embedded;
