/** Carries out the steps of docs/operating.md, taken from the document. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import postgres from "postgres";
import { expect, onTestFinished, test } from "vitest";
import { paths } from "../../src/files/paths.ts";
import { temporaryFolder } from "../datasets/support.ts";
import { requestBody, smallTemplate, type TaskBody, trainBody } from "../support/compute.ts";
import { type MortalPostgres, startMortalPostgres } from "../support/postgres-server.ts";
import { kill, type RunningServer, startServer } from "../support/server-process.ts";
import { base64 } from "../support/test-app.ts";
import { uploadBaseDatasets } from "./base-datasets.ts";
import { Replay } from "./replay.ts";

/** The shell lines under a heading of the document, in order. */
function linesOf(heading: string): string[] {
  const document = readFileSync(join(paths.root, "docs/operating.md"), "utf8");
  const section = document.split(/^### /m).find((text) => text.startsWith(`${heading}\n`)) ?? "";
  return [...section.matchAll(/```sh\n(.*?)```/gs)].map(([, code]) => code as string);
}

function runLines(lines: string | undefined, cwd: string, env: Record<string, string>): void {
  expect(lines).toBeDefined();
  const { status, stderr } = spawnSync("sh", ["-euc", lines as string], {
    cwd,
    env: { ...process.env, ...env },
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
}

async function stop({ child }: RunningServer): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  expect((await exited)[0]).toBe(0);
}

/** A user's work: a dataset, a network trained on it, its answers, and a checkpoint. */
async function makeWork(server: RunningServer, dataDir: string) {
  const base = await uploadBaseDatasets(server, [40]);
  const dataset = base[0]?.uuid as string;
  const body = { name: "kept", template: base64(smallTemplate), seed: 1 };
  const { uuid: cluster } = await server.ask<{ uuid: string }>("POST", "/cluster", body);
  const training = await server.ask<TaskBody>("POST", "/task/train", trainBody(cluster, dataset));
  const question = await server.ask<TaskBody>("POST", "/task/request", requestBody(cluster, dataset));
  const path = (uuid: string) => `/task?uuid=${uuid}&cluster_uuid=${cluster}`;
  const state = async () => (await server.ask<TaskBody>("GET", path(question.uuid))).state;
  await expect.poll(state, { timeout: 60_000 }).toBe("finished");
  const content = `/dataset/content?uuid=${question.uuid}&column_name=label&row_offset=0&number_of_rows=40`;
  const before = {
    state: await new Replay(server, { base, dataDir, asked: [] }).fileOf(cluster),
    answers: await server.ask("GET", content),
  };
  return {
    async destroy(next: RunningServer) {
      await next.ask("DELETE", `/cluster?uuid=${cluster}`);
      await next.ask("DELETE", `/dataset?uuid=${dataset}`);
      await next.ask("DELETE", `/dataset?uuid=${question.uuid}`);
    },
    async check(next: RunningServer) {
      // The tokens' key is part of the copy.
      const headers = { "X-Auth-Token": server.token };
      expect((await fetch(`${next.url}/v1.0alpha/cluster/all`, { headers })).status).toBe(200);
      expect(await next.ask("GET", path(training.uuid))).toMatchObject({ state: "finished", current_cycle: 40 });
      expect(await next.ask("GET", `/dataset?uuid=${dataset}`)).toMatchObject({ number_of_rows: 40 });
      expect(await next.ask("GET", content)).toEqual(before.answers);
      const after = await new Replay(next, { base, dataDir, asked: [] }).fileOf(cluster);
      expect(after.equals(before.state)).toBe(true);
    },
  };
}

test("with the embedded database", async () => {
  const root = await temporaryFolder();
  const dataDir = join(root, "hanami-data");
  const [backUp, restore] = linesOf("With the embedded database");
  const env = { HANAMI_DATA_DIR: dataDir };

  const first = await startServer(dataDir);
  const work = await makeWork(first, dataDir);
  await stop(first);
  runLines(backUp, root, env);
  const second = await startServer(dataDir);
  await work.destroy(second);
  await stop(second);
  runLines(restore, root, env);
  const third = await startServer(dataDir);
  await work.check(third);
  await kill(third);
}, 120_000);

/** A dedicated server with a database, and the variables of the document. */
async function openOwn(server: MortalPostgres) {
  onTestFinished(() => server.stop());
  const client = postgres(server.url, { max: 1 });
  await client`create database hanami`;
  await client.end();
  const root = await temporaryFolder();
  const url = server.url.replace(/postgres$/, "hanami");
  const dataDir = join(root, "hanami-data");
  return { root, dataDir, env: { HANAMI_DATA_DIR: dataDir, DATABASE_URL: url, PGDATA: server.directory } };
}

test("with a Postgres server, by its tools", async (t) => {
  const found = spawnSync("pg_config", ["--bindir"], { encoding: "utf8" }).stdout?.trim();
  if (!found) return t.skip("no tools of Postgres (pg_config, pg_dump, pg_restore) are installed");
  // Uses the tools' own server: pg_dump reads no server that is newer than itself.
  const postgres = await startMortalPostgres(dirname(found)).catch(() => undefined);
  if (postgres === undefined) return t.skip("the tools of Postgres are installed without its server");
  const { root, dataDir, env } = await openOwn(postgres);
  const [backUp, restore] = linesOf("With a Postgres server, by its tools");

  const first = await startServer(dataDir, env);
  const work = await makeWork(first, dataDir);
  await stop(first);
  runLines(backUp, root, env);
  const second = await startServer(dataDir, env);
  await work.destroy(second);
  await stop(second);
  runLines(restore, root, env);
  const third = await startServer(dataDir, env);
  await work.check(third);
  await kill(third);
}, 120_000);

test("with a Postgres server, by its files", async (t) => {
  const postgres = await startMortalPostgres();
  if (postgres === undefined) return t.skip(`no Postgres for ${process.platform}-${process.arch}`);
  const { root, dataDir, env } = await openOwn(postgres);
  const [backUp, restore] = linesOf("With a Postgres server, by its files");

  const first = await startServer(dataDir, env);
  const work = await makeWork(first, dataDir);
  await stop(first);
  await postgres.kill("SIGINT");
  runLines(backUp, root, env);
  await postgres.start();
  const second = await startServer(dataDir, env);
  await work.destroy(second);
  await stop(second);
  await postgres.kill("SIGINT");
  runLines(restore, root, env);
  await postgres.start();
  const third = await startServer(dataDir, env);
  await work.check(third);
  await kill(third);
}, 120_000);
