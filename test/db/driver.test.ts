import { expect, test } from "vitest";
import { parseConnectionUrl } from "../../src/server/connection-url.ts";
import { limitClient } from "../../src/db/limited-client.ts";
import { createPool } from "../../src/db/server-connection.ts";
import { databases } from "../support/databases.ts";
import { codeOf } from "./code-of.ts";

const servers = databases.filter(({ name }) => name === "Postgres");

test.each(servers)("a transaction on $name with a terminated connection refuses all queries", async (database) => {
  const { url, drop } = await database.prepare();
  const pool = createPool(parseConnectionUrl(url as string, {}), { connections: 10, querySeconds: 15 });
  try {
    let finish: (codes: unknown[]) => void = () => {};
    const later = new Promise<unknown[]>((resolve) => (finish = resolve));
    const transaction = pool.begin(async (sql) => {
      const [own] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
      await pool`select pg_terminate_backend(${own?.pid ?? null})`;
      await codeOf(sql`select pg_sleep(10)`);
      // Right after the loss, like a rollback, and when another caller may already have the connection.
      const first = await codeOf(sql`select 1`);
      await Promise.all(Array.from({ length: 20 }, () => codeOf(pool`select 1`)));
      finish([first, await codeOf(sql`select 1`)]);
    });
    await expect(transaction).rejects.toBeInstanceOf(Error);
    expect(await later).toEqual(["CONNECTION_CLOSED", "CONNECTION_CLOSED"]);
    expect(await pool`select 1 as one`).toMatchObject([{ one: 1 }]);
  } finally {
    await pool.end();
    await drop();
  }
});

test.each(servers)("a query on $name that exceeds its time is the only one that fails", async (database) => {
  const { url, drop } = await database.prepare();
  const pool = createPool(parseConnectionUrl(url as string, {}), { connections: 1, querySeconds: 3 });
  const client = limitClient(pool, { connections: 1, waitMs: 60_000 });
  const sleep = (seconds: number) => client.unsafe("select pg_sleep($1)::text as slept", [seconds]).values();
  try {
    // Prepares the statement.
    await sleep(0);
    const tooLong = codeOf(sleep(60));
    const waiting = [
      sleep(0),
      client.begin((tx) => tx.unsafe("select pg_sleep($1)::text as slept", [0]).values()),
      client.unsafe("select 1 as one"),
    ].map((each) => codeOf(each as PromiseLike<unknown>));
    expect(await Promise.all([tooLong, ...waiting])).toEqual(["QUERY_TIMEOUT", "done", "done", "done"]);
  } finally {
    await pool.end({ timeout: 1 });
    await drop();
  }
});
