import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PostgresServer, startPostgres } from "./postgres-server.ts";

/**
 * Runs once before all test files. Hands them the address of a real Postgres server in `HANAMI_TEST_DATABASE_URL`,
 * unless one is set already, and in `HANAMI_TEST_FOLDER` a folder for the databases that their processes keep.
 */
export default async function setup(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "hanami-tests-"));
  process.env["HANAMI_TEST_FOLDER"] = folder;
  const server = await ownServer();
  return async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
}

async function ownServer(): Promise<PostgresServer | undefined> {
  if (process.env["HANAMI_TEST_DATABASE_URL"]) return undefined;
  const server = await startPostgres();
  if (server === undefined) {
    console.warn(`\nNO POSTGRES for ${process.platform}-${process.arch}: the tests that need a server are skipped.\n`);
    return undefined;
  }
  process.env["HANAMI_TEST_DATABASE_URL"] = server.url;
  return server;
}
