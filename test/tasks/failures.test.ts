import { mkdir, open, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createCluster } from "../../src/clusters/create-cluster.ts";
import { datasets, error_log } from "../../src/db/schema/index.ts";
import { datasetPath } from "../../src/files/storage.ts";
import { createRequestTask } from "../../src/tasks/create-request-task.ts";
import { createTrainTask } from "../../src/tasks/create-train-task.ts";
import { deleteTask } from "../../src/tasks/delete-task.ts";
import { getTask } from "../../src/tasks/get-task.ts";
import { makeDataset, requestBody, smallTemplate, trainBody } from "../support/compute.ts";
import { openRig, over, type Rig } from "../support/compute-rig.ts";
import { mountSmallDisk } from "../support/small-disk.ts";
import { base64, createTestApp, type TestApp } from "../support/test-app.ts";

let app: TestApp;
let dataset: string;

beforeAll(async () => {
  app = await createTestApp();
  dataset = await makeDataset(app.app, { rows: 200 });
});
afterAll(() => app.close());

let names = 0;
const newCluster = async (rig: Rig) =>
  (await createCluster(rig.context, { name: `cluster ${++names}`, template: base64(smallTemplate), seed: 5 })).uuid;

const train = (rig: Rig, cluster: string, data: string, epochs = 1) =>
  createTrainTask(rig.context, { time_length: 1, epochs, ...trainBody(cluster, data) });

const request = (rig: Rig, cluster: string, data: string) =>
  createRequestTask(rig.context, { time_length: 1, ...requestBody(cluster, data) });

test("tasks whose dataset is gone fail with the reason, and the queue continues", async () => {
  const rig = await openRig(app);
  const cluster = await newCluster(rig);
  const lost = await makeDataset(app.app, { rows: 50 });
  const long = await train(rig, cluster, dataset, 100_000);
  const trainLost = await train(rig, cluster, lost);
  const requestLost = await request(rig, cluster, lost);
  const last = await request(rig, cluster, dataset);
  await rm(datasetPath(app.app.storage, lost));
  await deleteTask(rig.context, long);

  const reason = `Dataset with uuid '${lost}' not found`;
  expect(await over(rig, trainLost)).toMatchObject({ state: "failed", error_message: reason });
  expect((await getTask(rig.context, trainLost)).ended_at).not.toBeNull();
  expect(await over(rig, requestLost)).toMatchObject({ state: "failed", error_message: reason });
  expect(await over(rig, last)).toMatchObject({ state: "finished", error_message: null });
  const [result] = await app.app.db.select().from(datasets).where(eq(datasets.uuid, requestLost.uuid));
  expect(result?.deleted_at).not.toBeNull();
});

test("damaged rows fail the task", async () => {
  const rig = await openRig(app);
  const cluster = await newCluster(rig);
  const damaged = await makeDataset(app.app, { rows: 50 });
  const file = await open(datasetPath(app.app.storage, damaged), "r+");
  const { size } = await file.stat();
  await file.write(Buffer.from([1, 2, 3]), 0, 3, size - 100);
  await file.close();
  const task = await over(rig, await train(rig, cluster, damaged));
  expect(task).toMatchObject({ state: "failed", error_message: expect.stringContaining("is damaged") });
});

test("a task that ends its host repeatedly fails instead of retrying forever", async () => {
  const rig = await openRig(app);
  const cluster = await newCluster(rig);
  rig.hosts[0].dieAt = "train";
  const task = await train(rig, cluster, dataset);
  expect(await over(rig, task)).toMatchObject({
    state: "failed",
    error_message: "The host was lost: killed by the test",
  });
  expect(rig.hosts[0].generation).toBe(3);
  rig.hosts[0].dieAt = null;
  expect(await over(rig, await train(rig, cluster, dataset))).toMatchObject({ state: "finished" });
});

test("a defect fails the task, and only administrators can read the cause", async () => {
  const rig = await openRig(app);
  const cluster = await newCluster(rig);
  await train(rig, cluster, dataset, 100_000).then((task) => deleteTask(rig.context, task));
  const queued = await train(rig, cluster, dataset, 100_000);
  const broken = await request(rig, cluster, dataset);
  // A folder with the path of the result.
  await rm(datasetPath(app.app.storage, broken.uuid));
  await mkdir(`${datasetPath(app.app.storage, broken.uuid)}/occupied`, { recursive: true });
  await deleteTask(rig.context, queued);
  const failed = await over(rig, broken);
  expect(failed.state).toBe("failed");
  expect(failed.error_message).not.toContain(app.dataDir);
  const rows = await app.app.db.select().from(error_log).where(eq(error_log.component, "scheduler"));
  expect(rows.map(({ context }) => context)).toContain(`task ${broken.uuid}`);
  await rm(datasetPath(app.app.storage, broken.uuid), { recursive: true });
});

test("a result with more columns than a dataset may have fails its task with that reason", async () => {
  const rig = await openRig(app);
  const names = Array.from({ length: 5 }, (_, i) => `o${i}`);
  // No hexagon feeds these outputs, so they cost little, however wide they are.
  const template = `version: 1 settings: hexagons: 1,1,1 ${names.map((_, i) => `${9 + 2 * i},9,9`).join(" ")}
    inputs: picture_hex: 1,1,1 outputs: ${names.map((name, i) => `${name}: ${9 + 2 * i},9,9`).join(" ")}`;
  const options = { name: "wide results", template: base64(template), seed: 5 };
  const { uuid } = await createCluster(rig.context, options);
  const wide = await makeDataset(app.app, { rows: 1, groups: [{ name: "wide", width: 250_000, cell: () => 0 }] });
  const inputs = [{ dataset_uuid: dataset, dataset_column: "picture", hexagon_name: "picture_hex" }];
  const common = { name: "wide", cluster_uuid: uuid, inputs, time_length: 1 };
  const outputs = names.map((hexagon_name) => ({ dataset_uuid: wide, dataset_column: "wide", hexagon_name }));
  await over(rig, await createTrainTask(rig.context, { ...common, outputs, epochs: 1, batch_size: 1 }));
  const results = names.map((hexagon_name) => ({ hexagon_name, dataset_column: hexagon_name }));
  expect(await over(rig, await createRequestTask(rig.context, { ...common, results }))).toMatchObject({
    state: "failed",
    error_message: "The result would have 1250000 columns, but a dataset may have 1048576",
  });
});

test("a training that waits for disk space reports its progress", async (t) => {
  const disk = await mountSmallDisk(48);
  if ("reason" in disk) return t.skip(disk.reason);
  const storage = { ...app.app.storage, clusters: disk.folder };
  const rig = await openRig({ ...app, app: { ...app.app, storage } });
  const cluster = await newCluster(rig);
  await writeFile(join(disk.folder, "filler"), Buffer.alloc(24 * 1024 * 1024));
  const said = vi.spyOn(app.app.log, "error");
  t.onTestFinished(() => said.mockRestore());
  const task = await train(rig, cluster, dataset, 3);
  const texts = () => said.mock.calls.map(([, text]) => text);
  await expect.poll(texts, { interval: 5 }).toContain("working on the queue of a cluster");
  expect(await getTask(rig.context, task)).toMatchObject({ state: "active", current_cycle: 600 });
  await rm(join(disk.folder, "filler"));
  expect(await over(rig, task)).toMatchObject({ state: "finished", current_cycle: 600 });
});

test("a queued task is deleted at once, and its announced result with it", async () => {
  const rig = await openRig(app);
  const cluster = await newCluster(rig);
  const active = await train(rig, cluster, dataset, 100_000);
  const queued = await request(rig, cluster, dataset);
  await deleteTask(rig.context, queued);
  await expect(getTask(rig.context, queued)).rejects.toMatchObject({ kind: "not_found" });
  const response = await app.request("GET", "/dataset", { query: { uuid: queued.uuid } });
  expect(response.status).toBe(404);
  await deleteTask(rig.context, active);
});

test("clusters compute side by side", async () => {
  const rig = await openRig(app);
  const [a, b] = [await newCluster(rig), await newCluster(rig)];
  const tasks = [await train(rig, a, dataset, 100_000), await train(rig, b, dataset, 100_000)];
  const advanced = async () =>
    Promise.all(tasks.map(async (task) => (await getTask(rig.context, task)).current_cycle > 50));
  await expect.poll(advanced, { interval: 5, timeout: 30_000 }).toEqual([true, true]);
  for (const task of tasks) await deleteTask(rig.context, task);
});
