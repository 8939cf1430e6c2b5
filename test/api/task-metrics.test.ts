import { sql } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  getTask,
  makeCluster,
  makeDataset,
  startRequest,
  startTrain,
  untilFinished,
  untilTask,
} from "../support/compute.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

let app: TestApp;
let dataset: string;
let cluster_uuid: string;

beforeAll(async () => {
  app = await createTestApp();
  dataset = await makeDataset(app.app, { rows: 50 });
  cluster_uuid = await makeCluster(app);
});
afterAll(() => app.close());

const metricsOf = (uuid: string, more: Record<string, string> = {}) =>
  app.request("GET", "/task/metrics", { query: { uuid, cluster_uuid, ...more } });

interface Metrics {
  points: { cycle: number; samples: number; blocks: number[]; outputs: object }[];
}

test("a finished training has points, as JSON, CSV and for MLflow", async () => {
  const { uuid } = await startTrain(app, cluster_uuid, dataset);
  await untilFinished(app, cluster_uuid, uuid);
  const answer = await metricsOf(uuid);
  expect(answer.headers.get("Content-Type")).toBe("text/json");
  const { points, ...task } = answer.json<Metrics>();
  expect(task).toEqual({ uuid, cluster_uuid, name: "train_task", state: "finished", total_number_of_cycles: 50 });
  expect(points.reduce((sum, { samples }) => sum + samples, 0)).toBe(50);
  expect(points.at(-1)).toMatchObject({ cycle: 50, epoch: 1 });
  expect(points.at(-1)!.blocks).toHaveLength(3);
  expect(Object.keys(points.at(-1)!.outputs)).toEqual(["label_hex"]);
  // Keys in the order of the contract.
  expect(answer.text.indexOf('"points"')).toBeLessThan(answer.text.indexOf('"state"'));

  const csv = await metricsOf(uuid, { format: "csv" });
  expect(csv.headers.get("Content-Type")).toBe("text/csv");
  expect(csv.headers.get("Content-Disposition")).toBe('attachment; filename="train_task.csv"');
  const lines = csv.text.trimEnd().split("\n");
  expect(lines).toHaveLength(1 + points.length);
  expect(lines.at(-1)).toMatch(/^50,1,/);

  const mlflow = (await metricsOf(uuid, { format: "mlflow", run_id: "4f1c" })).json();
  expect(mlflow).toMatchObject({ run_id: "4f1c" });
  expect(mlflow["metrics"]).toContainEqual(expect.objectContaining({ key: "epoch", value: 1, step: 50 }));
});

test("MLflow's run is named, and only for MLflow", async () => {
  const { uuid } = await startTrain(app, cluster_uuid, dataset);
  const missing = await metricsOf(uuid, { format: "mlflow" });
  expect([missing.status, missing.text]).toEqual([400, "'format' as 'mlflow' needs a 'run_id'"]);
  const idle = await metricsOf(uuid, { run_id: "4f1c" });
  expect([idle.status, idle.text]).toEqual([400, "'run_id' needs 'format' as 'mlflow'"]);
  expect((await metricsOf(uuid, { format: "mlflow", run_id: "../4f1c" })).status).toBe(400);
  expect((await metricsOf(uuid, { format: "xml" })).status).toBe(400);
});

test("a running training has the points of this moment; tasks that learn nothing have none", async () => {
  const { uuid } = await startTrain(app, cluster_uuid, dataset, { epochs: 100_000 });
  await untilTask(app, cluster_uuid, uuid, ({ current_cycle }) => current_cycle > 0);
  const cycle = (await getTask(app, cluster_uuid, uuid)).current_cycle;
  const { points } = (await metricsOf(uuid)).json<Metrics>();
  expect(points.at(-1)!.cycle).toBeGreaterThanOrEqual(cycle);

  const behind = await startRequest(app, cluster_uuid, dataset);
  expect((await metricsOf(behind.uuid)).json()).toMatchObject({ uuid: behind.uuid, state: "queued", points: [] });
  await app.request("DELETE", "/task", { query: { uuid, cluster_uuid } });
  await untilFinished(app, cluster_uuid, behind.uuid);
  expect((await metricsOf(behind.uuid)).json()).toMatchObject({ points: [] });
  expect((await metricsOf(behind.uuid, { format: "csv" })).text).toMatch(/^cycle,epoch.*validation_error\n$/);
  const aborted = (await metricsOf(uuid)).json<Metrics>();
  expect(aborted.points.at(-1)!.cycle).toBe((await getTask(app, cluster_uuid, uuid)).current_cycle);
});

test("who cannot see a task cannot see its metrics", async () => {
  const { uuid } = await startTrain(app, cluster_uuid, dataset);
  const token = await app.addUser({ id: "stranger", projectId: "elsewhere" });
  const answer = await app.request("GET", "/task/metrics", { query: { uuid, cluster_uuid }, token });
  expect([answer.status, answer.text]).toEqual([404, `Cluster with uuid '${cluster_uuid}' not found`]);
  const unknown = await metricsOf(cluster_uuid);
  expect([unknown.status, unknown.text]).toEqual([
    404,
    `Task with UUID '${cluster_uuid}'not found in Cluster with UUID '${cluster_uuid}`,
  ]);
});

test("lists, claims, deletions and starts do without the curves", async () => {
  const { uuid } = await startTrain(app, cluster_uuid, dataset);
  await untilFinished(app, cluster_uuid, uuid);
  const setMode = (new_state: string) =>
    app.request("PUT", "/cluster/set_mode", { body: { uuid: cluster_uuid, new_state } });
  await setMode("DIRECT");
  const other = await startRequest(app, cluster_uuid, dataset);
  // What reads them now fails. The database is thrown away after the test.
  await app.app.db.execute(sql`alter table tasks rename column metrics to hidden`);
  expect((await metricsOf(uuid)).status).toBe(500);
  await app.restart();
  await setMode("TASK");
  await untilFinished(app, cluster_uuid, other.uuid);
  const listed = await app.request("GET", "/task/all", { query: { cluster_uuid } });
  expect(listed.status).toBe(200);
  expect(listed.text).toContain(uuid);
  expect((await app.request("DELETE", "/task", { query: { uuid, cluster_uuid } })).status).toBe(200);
});
