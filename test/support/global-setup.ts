import { startPostgres } from "./postgres-server.ts";

/**
 * Runs once before all test files and hands them the address of a real Postgres server in
 * `HANAMI_TEST_DATABASE_URL`. One that is set already is used as it is.
 */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env["HANAMI_TEST_DATABASE_URL"]) return undefined;
  const server = await startPostgres();
  if (server === undefined) {
    console.warn(`\nNO POSTGRES for ${process.platform}-${process.arch}: the tests that need a server are skipped.\n`);
    return undefined;
  }
  process.env["HANAMI_TEST_DATABASE_URL"] = server.url;
  return () => server.stop();
}
