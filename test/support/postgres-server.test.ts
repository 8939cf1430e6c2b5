import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import postgres from "postgres";
import { expect, test } from "vitest";
import { startPostgres } from "./postgres-server.ts";

const url = process.env["HANAMI_TEST_DATABASE_URL"];

test.skipIf(url === undefined)("the tests' Postgres server takes queries", async () => {
  const sql = postgres(url as string, { max: 1 });
  const [row] = await sql`select current_user as name, current_setting('server_version_num')::int as version`;
  await sql.end();
  expect(row).toMatchObject({ name: "hanami" });
  expect(row?.["version"]).toBeGreaterThanOrEqual(150_000);
});

test.skipIf(url === undefined)("two servers run beside each other, and one stops with its folder", async () => {
  const server = await startPostgres();
  const sql = postgres(server?.url as string, { max: 1 });
  const [row] = await sql`select current_setting('data_directory') as data`;
  await sql.end();
  expect(server?.url).not.toBe(url);
  expect(existsSync(row?.["data"])).toBe(true);
  await server?.stop();
  expect(existsSync(row?.["data"])).toBe(false);
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
