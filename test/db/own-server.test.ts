import { execFileSync } from "node:child_process";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { openDatabase } from "../../src/db/open.ts";
import { outageTexts } from "../../src/server/outage.ts";
import { StartError } from "../../src/errors.ts";
import { makeCertificate } from "../support/certificate.ts";
import { type MortalPostgres, startMortalPostgres } from "../support/postgres-server.ts";
import { databaseAt } from "../support/databases.ts";
import { createTestApp } from "../support/test-app.ts";
import { startPooler } from "../support/transaction-pooler.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** Short, because the path of a socket is limited to 107 characters; readable for the server's own user. */
let socketFolder: string;
let server: MortalPostgres | undefined;
let port: number;
let admin: postgres.Sql;
beforeAll(async () => {
  socketFolder = await mkdtemp("/tmp/hanami-socket-");
  execFileSync("chmod", ["777", socketFolder]);
  server = await startMortalPostgres(undefined, [`unix_socket_directories=${socketFolder}`, "listen_addresses=*"]);
  if (server === undefined) return;
  port = Number(new URL(server.url).port);
  admin = postgres(server.url, { max: 1, onnotice: () => {} });
  // `trusted` logs in without a passphrase.
  const rules = join(server.directory, "pg_hba.conf");
  const before = readFileSync(rules, "utf8");
  writeFileSync(rules, "host all trusted all trust\nlocal all trusted trust\n" + before);
  appendFileSync(rules, "host all all all scram-sha-256\nlocal all all scram-sha-256\n");
  await admin`select pg_reload_conf()`;
  await admin`create role trusted superuser login`;
});
afterAll(async () => {
  await admin?.end();
  await server?.stop();
  await rm(socketFolder, { recursive: true, force: true });
});
beforeEach((context) => {
  if (server === undefined) context.skip(`no Postgres for ${process.platform}-${process.arch}`);
});

let count = 0;
/** Creates a new database; resolves to its name. */
async function newDatabase(): Promise<string> {
  const name = `own_${++count}`;
  await admin.unsafe(`create database ${name}`);
  return name;
}
const urlOf = (database: string, query = "") => `postgres://trusted@127.0.0.1:${port}/${database}${query}`;

async function opens(url: string, more: { connections?: number; querySeconds?: number } = {}): Promise<void> {
  await (await openDatabase({ url, directory: "", connections: 2, ...more })).close();
}
async function refusal(url: string, more: { connections?: number } = {}): Promise<string> {
  const error = await opens(url, more).then(
    () => "it opened",
    (failure: unknown) => failure,
  );
  expect(error).toBeInstanceOf(StartError);
  return String(error);
}

describe("DATABASE_URL", () => {
  test("reaches the server by every form that libpq accepts", async () => {
    const name = await newDatabase();
    await admin.unsafe(`create role "some @one:%" superuser login password 'a b/c?d#e@f:%ü'`);
    const odd = encodeURIComponent("some @one:%");
    const passphrase = encodeURIComponent("a b/c?d#e@f:%ü");
    await admin.unsafe(`create database "odd db/ü"`);
    for (const url of [
      urlOf(name),
      `postgresql://trusted@localhost:${port}/${name}`,
      `postgres://trusted@[::1]:${port}/${name}`,
      `postgres://trusted@/${name}?host=${socketFolder}&port=${port}`,
      `postgres://trusted@${encodeURIComponent(socketFolder)}:${port}/${name}?sslmode=require`,
      `postgres://${odd}:${passphrase}@127.0.0.1:${port}/${encodeURIComponent("odd db/ü")}?channel_binding=prefer`,
      `postgres:///?user=${odd}&password=${passphrase}&dbname=${name}&host=127.0.0.1&port=${port}`,
      urlOf(name, "?sslmode=allow&connect_timeout=30&application_name=x&target_session_attrs=primary"),
    ]) {
      await opens(url);
    }
    expect(await refusal(urlOf(name, "?sslmode=require"))).toContain("The server does not take TLS");
  });

  test("TLS in all modes", async () => {
    const name = await newDatabase();
    const folder = await mkdtemp("/tmp/hanami-tls-");
    onTestFinished(() => rm(folder, { recursive: true }));
    const { cert, key } = makeCertificate({ name: "localhost" });
    const directory = server?.directory as string;
    writeFileSync(join(directory, "server.crt"), cert);
    writeFileSync(join(directory, "server.key"), key, { mode: 0o600 });
    if (process.getuid?.() === 0)
      execFileSync("chown", ["65534:65534", join(directory, "server.crt"), join(directory, "server.key")]);
    await admin`alter system set ssl = on`;
    await admin`select pg_reload_conf()`;
    onTestFinished(async () => {
      await admin`alter system reset ssl`;
      await admin`select pg_reload_conf()`;
    });
    const own = join(folder, "own.crt");
    const other = join(folder, "other.crt");
    writeFileSync(own, cert);
    writeFileSync(other, makeCertificate({ name: "localhost" }).cert);
    const url = (host: string, query: string) => `postgres://trusted@${host}:${port}/${name}?${query}`;
    await expect.poll(() => opens(url("localhost", "sslmode=require")).then(() => "opened", String)).toBe("opened");
    for (const query of [
      "sslmode=disable",
      "sslmode=allow",
      "sslmode=prefer",
      `sslmode=verify-ca&sslrootcert=${own}`,
    ]) {
      await opens(url("127.0.0.1", query));
    }
    await opens(url("localhost", `sslmode=verify-full&sslrootcert=${own}`));
    for (const query of ["require", "verify-ca", "verify-full"].map((mode) => `sslmode=${mode}&sslrootcert=${other}`)) {
      expect(await refusal(url("localhost", query))).toContain("certificate");
    }
    expect(await refusal(url("[::1]", `sslmode=verify-full&sslrootcert=${own}`))).toContain("does not match");
  });
});

describe("obstacles to the server are named at the start", () => {
  test.each([
    { size: 1, order: "newest" },
    { size: 5, order: "newest" },
    { size: 5, order: "oldest" },
  ] as const)("a pooler that shares its connections: %o", async (pool) => {
    const name = await newDatabase();
    const pooler = await startPooler(port, pool);
    onTestFinished(() => pooler.close());
    const url = `postgres://trusted@127.0.0.1:${pooler.port}/${name}?sslmode=disable`;
    // All connections are open and free.
    const clients = Array.from({ length: pool.size }, () => postgres(url, { max: 1 }));
    await Promise.all(clients.map((client) => client`select pg_sleep(0.1)`));
    expect(await refusal(url)).toContain("is behind a pooler that shares connections among clients");
    await Promise.all(clients.map((client) => client.end()));
  });

  test("a search_path that leads to another schema, or to none", async () => {
    const name = await newDatabase();
    await opens(urlOf(name));
    for (const [path, place] of [
      ["pg_catalog", "in the schema pg_catalog"],
      ["nowhere", "nowhere"],
    ] as const) {
      const text = await refusal(urlOf(name, `?options=-c%20search_path%3D${path}`));
      expect(text).toContain(
        `cannot be used with the search_path ${path} of user trusted: new tables would be ${place}, `,
      );
    }
    const client = postgres(urlOf(name), { max: 1, onnotice: () => {} });
    await client`create schema trusted`;
    expect(await refusal(urlOf(name))).toContain(
      "new tables would be in the schema trusted, and this server's are in public",
    );
    await client`drop schema trusted`;
    await client`alter table audit_log rename to audit`;
    await client.end();
    expect(await refusal(urlOf(name))).toContain("the schema public lacks its table audit_log");
  });

  test("a user without the privilege to create or to change", async () => {
    const name = await newDatabase();
    const id = `plain_${name}`;
    await admin.unsafe(`create role ${id} login password 'a passphrase'`);
    const url = `postgres://${id}:a%20passphrase@127.0.0.1:${port}/${name}`;
    expect(await refusal(url)).toContain(
      `user ${id} has no right to run them. Run as its owner: GRANT CREATE ON DATABASE "${name}" TO "${id}"; GRANT CREATE ON SCHEMA "public" TO "${id}"`,
    );
    await opens(urlOf(name));
    const client = postgres(urlOf(name), { max: 1 });
    expect(await refusal(url)).toContain("permission denied for schema drizzle");
    await client.unsafe(`grant usage on schema drizzle to ${id}`);
    await client.unsafe(`grant select on all tables in schema drizzle to ${id}`);
    const text = await refusal(url);
    expect(text).toContain(`does not let user ${id} read and change the table`);
    for (const grant of text.slice(text.indexOf("GRANT")).split("; ")) await client.unsafe(grant);
    await client.end();
    await opens(url);
  });

  test("a read-only database", async () => {
    const name = await newDatabase();
    expect(await refusal(urlOf(name, "?options=-c%20default_transaction_read_only%3Don"))).toContain("is read-only");
  });

  test("too few connections; with fewer of its own, requests wait for one another", async () => {
    const name = await newDatabase();
    await admin.unsafe(`create role narrow login connection limit 3 password 'a passphrase'`);
    await admin.unsafe(`alter database ${name} owner to narrow`);
    const url = `postgres://narrow:a%20passphrase@127.0.0.1:${port}/${name}`;
    expect(await refusal(url, { connections: 10 })).toMatch(
      new RegExp(
        "accepts only 2 of the 10 connections that HANAMI_DATABASE_CONNECTIONS asks for, " +
          '.*too many connections for role "narrow". Set it to 2 or less',
      ),
    );
    const database = databaseAt("narrow", url);
    const app = await createTestApp({ database, config: { databaseConnections: 2 } });
    const requests = Array.from({ length: 100 }, () => app.request("GET", "/cluster/all"));
    expect(new Set((await Promise.all(requests)).map(({ status }) => status))).toEqual(new Set([200]));
    await app.close();
    await admin.unsafe("alter role narrow connection limit 1");
    expect(await refusal(url)).toContain("The server needs one connection more than HANAMI_DATABASE_CONNECTIONS");
  });
});

/** The server's processes; a signal to their group does not reach them. */
function processesOf(postmaster: number): number[] {
  const lines = execFileSync("ps", ["-e", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number));
  return [postmaster, ...pairs.filter(([, parent]) => parent === postmaster).map(([pid]) => pid as number)];
}

test("a frozen server is an outage for its clients, and everything continues when it thaws", async () => {
  const name = await newDatabase();
  const url = urlOf(name, "?connect_timeout=2");
  const database = databaseAt("frozen", url);
  const app = await createTestApp({ database, config: { databaseConnections: 4, databaseTimeoutSeconds: 2 } });
  const { pid } = (await admin<{ pid: number }[]>`select pg_backend_pid() as pid`)[0] as { pid: number };
  const postmaster = Number(readFileSync(join(server?.directory as string, "postmaster.pid"), "utf8").split("\n")[0]);
  const frozen = processesOf(postmaster);
  expect(frozen).toContain(pid);
  for (const each of frozen) process.kill(each, "SIGSTOP");
  const startMs = performance.now();
  try {
    const requests = Array.from({ length: 40 }, () => app.request("GET", "/cluster/all"));
    for (const { status, text } of await Promise.all(requests))
      expect([status, text]).toEqual([500, outageTexts.database]);
    expect(performance.now() - startMs).toBeLessThan(30_000);
    const { status, text } = await app.request("POST", "/project", { body: { id: "some_project", name: "some name" } });
    expect([status, text]).toEqual([500, outageTexts.database]);
  } finally {
    for (const each of frozen.reverse()) process.kill(each, "SIGCONT");
  }
  await expect.poll(async () => (await app.request("GET", "/cluster/all")).status, { timeout: 30_000 }).toBe(200);
  // No other server has its database.
  expect(await Promise.race([app.server.taken, Promise.resolve("ours")])).toBe("ours");
  expect(await refusal(url)).toContain("is in use by hanami-webgpu on");
  await app.close();
});
