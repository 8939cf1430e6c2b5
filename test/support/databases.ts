import { randomUUID } from "node:crypto";
import postgres from "postgres";
import { openDatabase } from "../../src/db/open.ts";
import { copyTemplate, migrationsHash } from "./embedded-template.ts";
import { type LentDatabase, lendEmbedded } from "./lent-databases.ts";

/** Where a test's app keeps its rows. */
export interface TestDatabase {
  readonly name: string;
  /** Creates a fresh database that the caller opens itself; an embedded one lies in `directory`. */
  prepare(directory: string): Promise<{ url: string | undefined; drop: () => Promise<void> }>;
  /** A database with the newest schema and no rows, for one app. */
  lend(): Promise<LentDatabase>;
}

const embedded: TestDatabase = {
  name: "PGlite",
  async prepare(directory) {
    await copyTemplate(directory);
    return { url: undefined, drop: async () => {} };
  },
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

/** A database that the caller creates and drops. */
export const databaseAt = (name: string, url: string, drop = async () => {}): TestDatabase => ({
  name,
  prepare: async () => ({ url, drop }),
  lend: async () => ({ url, open: openDatabase, giveBack: drop }),
});

function server(superuserUrl: string): TestDatabase {
  const urlOf = (name: string) => {
    const url = new URL(superuserUrl);
    url.pathname = `/${name}`;
    return url.href;
  };

  /**
   * A database with only the schema, because copying it is faster than creating one. The first process that needs it
   * creates it; of two concurrent ones the first one's stays.
   */
  async function makeTemplate(): Promise<string> {
    const template = `hanami_template_${await migrationsHash()}`;
    const draft = `hanami_${randomUUID().replaceAll("-", "")}`;
    await administrate(superuserUrl, `create database ${draft}`);
    await (await openDatabase({ url: urlOf(draft), directory: "" })).close();
    await administrate(superuserUrl, `alter database ${draft} rename to ${template}`).catch(async (error: unknown) => {
      await administrate(superuserUrl, `drop database ${draft}`);
      if (!(error instanceof postgres.PostgresError && error.code === "42P04")) throw error;
    });
    return template;
  }

  let template: Promise<string> | undefined;
  const make = async (source: string) => {
    const name = `hanami_${randomUUID().replaceAll("-", "")}`;
    await administrate(superuserUrl, `create database ${name} template ${source}`);
    const drop = () => administrate(superuserUrl, `drop database if exists ${name} with (force)`);
    return databaseAt("Postgres", urlOf(name), drop);
  };
  return {
    name: "Postgres",
    prepare: async (directory) => (await make("template1")).prepare(directory),
    lend: async () => (await make(await (template ??= makeTemplate()))).lend(),
  };
}

const superuserUrl = process.env["HANAMI_TEST_DATABASE_URL"];

/** For `describe.each(databases)("… on $name", …)`: a suite that must hold on every available database. */
export const databases: readonly TestDatabase[] =
  superuserUrl === undefined ? [embedded] : [embedded, server(superuserUrl)];

export const embeddedDatabase = embedded;
