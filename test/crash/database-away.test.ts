import { setTimeout as delay } from "node:timers/promises";
import postgres from "postgres";
import { expect, onTestFinished, test } from "vitest";
import { outageTexts } from "../../src/server/outage.ts";
import { temporaryFolder } from "../datasets/support.ts";
import { requestBody, smallTemplate, type TaskBody, trainBody } from "../support/compute.ts";
import { startMortalPostgres } from "../support/postgres-server.ts";
import { kill, type RunningServer, startServer } from "../support/server-process.ts";
import { base64 } from "../support/test-app.ts";
import { uploadBaseDatasets } from "./base-datasets.ts";
import { openDirect } from "./direct-socket.ts";
import { Replay } from "./replay.ts";

const epochs = 150;

const statusOf = async ({ url }: RunningServer, path: string) => (await fetch(url + path)).status;

async function newCluster(server: RunningServer, name: string): Promise<string> {
  const body = { name, template: base64(smallTemplate), seed: 5 };
  return (await server.ask<{ uuid: string }>("POST", "/cluster", body)).uuid;
}

const taskOf = (server: RunningServer, cluster: string, uuid: string) =>
  server.ask<TaskBody>("GET", `/task?uuid=${uuid}&cluster_uuid=${cluster}`);

async function untilFinished(server: RunningServer, cluster: string, uuid: string): Promise<void> {
  await expect
    .poll(async () => (await taskOf(server, cluster, uuid)).state, { interval: 20, timeout: 240_000 })
    .toBe("finished");
}

test("a Postgres server that stops and starts again costs only time", { timeout: 600_000 }, async (t) => {
  const database = await startMortalPostgres();
  if (database === undefined) return t.skip(`no Postgres for ${process.platform}-${process.arch}`);
  onTestFinished(() => database.stop());
  const client = postgres(database.url, { max: 1 });
  await client`create database hanami`;
  await client.end();
  const dataDir = await temporaryFolder();
  const DATABASE_URL = database.url.replace(/postgres$/, "hanami");
  const env = { DATABASE_URL, HANAMI_SNAPSHOT_INTERVAL_MS: "30", HANAMI_LOG_LEVEL: "silent" };
  let server = await startServer(dataDir, env);
  const base = await uploadBaseDatasets(server, [200]);
  const dataset = base[0]?.uuid as string;
  const [trained, undisturbed, direct] = [
    await newCluster(server, "trained"),
    await newCluster(server, "undisturbed"),
    await newCluster(server, "direct"),
  ];
  const question = await server.ask<TaskBody>("POST", "/task/request", requestBody(trained, dataset));
  const content = `/dataset/content?uuid=${question.uuid}&column_name=label&row_offset=0&number_of_rows=200`;
  await untilFinished(server, trained, question.uuid);
  const answers = await server.ask("GET", content);
  await server.ask("PUT", "/cluster/set_mode", { uuid: direct, new_state: "DIRECT" });
  const socket = await openDirect(server, direct);
  let cycles = 0;
  const learn = async () => {
    for (let count = 0; count < 20; count++) await socket.train(cycles++);
  };
  await learn();

  const tasks: string[] = [];
  for (const signal of ["SIGQUIT", "SIGINT"] as const) {
    const task = await server.ask<TaskBody>("POST", "/task/train", trainBody(trained, dataset, { epochs }));
    tasks.push(task.uuid);
    // The second save ends in an outage during which no client waits for it.
    await server.ask("POST", "/cluster/save", { name: "of the outage", cluster_uuid: trained });
    await expect
      .poll(async () => (await taskOf(server, trained, task.uuid)).current_cycle, { interval: 2, timeout: 60_000 })
      .toBeGreaterThan(0);
    await database.kill(signal);

    const refused = `: 500 ${outageTexts.database}`;
    await expect(server.ask("GET", "/cluster/all")).rejects.toThrow(refused);
    await expect(server.ask("POST", "/task/train", trainBody(trained, dataset))).rejects.toThrow(refused);
    await expect(server.ask("GET", content)).rejects.toThrow(refused);
    expect(await statusOf(server, "/health")).toBe(200);
    expect(await statusOf(server, "/ready")).toBe(503);
    // Work that needs no database continues.
    await learn();
    // Long enough for a snapshot and the end of the task to meet the outage.
    await delay(1500);
    await expect(server.ask("GET", "/cluster/all")).rejects.toThrow(refused);

    await database.start();
    await expect.poll(() => statusOf(server, "/ready"), { interval: 20, timeout: 60_000 }).toBe(200);
    await untilFinished(server, trained, task.uuid);
    expect(await server.ask("GET", content)).toEqual(answers);
    await learn();
  }
  expect(await server.ask("GET", `/cluster?uuid=${direct}`)).toMatchObject({ number_of_cycles: cycles });
  expect(await server.ask("GET", `/cluster?uuid=${trained}`)).toMatchObject({ number_of_cycles: 2 * epochs * 200 });

  for (let count = 0; count < 2; count++) {
    const task = await server.ask<TaskBody>("POST", "/task/train", trainBody(undisturbed, dataset, { epochs }));
    await untilFinished(server, undisturbed, task.uuid);
  }
  const replay = new Replay(server, { base, dataDir, asked: [] });
  expect((await replay.fileOf(trained)).equals(await replay.fileOf(undisturbed))).toBe(true);
  expect(server.child.exitCode).toBe(null);

  await socket.close();
  await server.ask("PUT", "/cluster/set_mode", { uuid: direct, new_state: "TASK" });
  await kill(server);
  server = await startServer(dataDir, env);
  for (const uuid of tasks) expect(await taskOf(server, trained, uuid)).toMatchObject({ state: "finished" });
  expect(await server.ask("GET", content)).toEqual(answers);
  expect(await server.ask("GET", `/cluster?uuid=${direct}`)).toMatchObject({ number_of_cycles: cycles });
  const { body: checkpoints } = await server.ask<{ body: unknown[] }>("GET", "/checkpoint/all");
  // Two from the outages, two from the comparison.
  expect(checkpoints).toHaveLength(4);
  await kill(server);
});
