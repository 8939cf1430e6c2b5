import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import pg from "pg";
import { expect, test } from "vitest";
import { startPostgres } from "./postgres-server.ts";

const url = process.env["HANAMI_TEST_DATABASE_URL"];

/** The first row. */
async function ask(address: string | undefined, query: string): Promise<Record<string, unknown> | undefined> {
  const client = new pg.Client(address);
  await client.connect();
  const { rows } = await client.query<Record<string, unknown>>(query);
  await client.end();
  return rows[0];
}

test.skipIf(url === undefined)("the tests' Postgres server takes queries", async () => {
  const row = await ask(url, "select current_user as name, current_setting('server_version_num')::int as version");
  expect(row).toMatchObject({ name: "hanami" });
  expect(row?.["version"]).toBeGreaterThanOrEqual(150_000);
});

test.skipIf(url === undefined)("two servers run beside each other, and one stops with its folder", async () => {
  const server = await startPostgres();
  const row = await ask(server?.url, "select current_setting('data_directory') as data");
  expect(server?.url).not.toBe(url);
  expect(existsSync(row?.["data"] as string)).toBe(true);
  await server?.stop();
  expect(existsSync(row?.["data"] as string)).toBe(false);
});

test.skipIf(url === undefined)("a killed run leaves no server behind", async () => {
  const module = new URL("./postgres-server.js", import.meta.url).href;
  const script = `const { startPostgres } = await import(${JSON.stringify(module)}); console.log((await startPostgres()).url);`;
  const run = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["pipe", "pipe", "inherit"] });
  const [address] = (await once(createInterface({ input: run.stdout }), "line")) as [string];
  const connection = connect(Number(new URL(address).port), "127.0.0.1");
  await once(connection, "connect");
  run.kill("SIGKILL");
  const [hadError] = (await once(connection.resume(), "close")) as [boolean];
  expect(hadError).toBe(false);
});
