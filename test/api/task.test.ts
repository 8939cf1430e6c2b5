import { afterAll, beforeAll, expect, test } from "vitest";
import {
  argMax,
  contentOf,
  getTask,
  makeCluster,
  makeDataset,
  startRequest,
  startTrain,
  type TaskBody,
  untilFinished,
} from "../support/compute.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

let app: TestApp;
let dataset: string;

beforeAll(async () => {
  app = await createTestApp();
  dataset = await makeDataset(app.app, { rows: 400 });
});
afterAll(() => app.close());

const timestamp = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/;

test("a cluster learns in a train task and shows it in a request task", async () => {
  const cluster = await makeCluster(app);
  const created = await startTrain(app, cluster, dataset, { epochs: 3 });
  expect(created).toEqual({
    uuid: expect.any(String),
    name: "train_task",
    state: "queued",
    current_cycle: 0,
    total_number_of_cycles: 1200,
    percentage_finished: 0,
    queue_timestamp: expect.stringMatching(timestamp),
    start_timestamp: "-",
    end_timestamp: "-",
    warnings: [],
  });
  const trained = await untilFinished(app, cluster, created.uuid);
  expect(trained).toMatchObject({
    current_cycle: 1200,
    percentage_finished: 1,
    start_timestamp: expect.stringMatching(timestamp),
    end_timestamp: expect.stringMatching(timestamp),
  });

  const request = await startRequest(app, cluster, dataset);
  await untilFinished(app, cluster, request.uuid);
  const result = (await app.request("GET", "/dataset", { query: { uuid: request.uuid } })).json();
  expect(result).toMatchObject({ name: "request_task", number_of_rows: 400, number_of_columns: 8, type: "result" });
  const rows = await contentOf(app, request.uuid, "label", 400);
  const right = rows.filter((row, index) => argMax(row) === index % 8).length;
  expect(right).toBeGreaterThan(390);
});

test("the list of tasks is sorted by uuid and counts in texts of six decimals", async () => {
  const cluster = await makeCluster(app, { name: "listed" });
  const tasks: TaskBody[] = [];
  for (let index = 0; index < 4; index++) tasks.push(await startTrain(app, cluster, dataset));
  for (const { uuid } of tasks) await untilFinished(app, cluster, uuid);
  const list = (await app.request("GET", "/task/all", { query: { cluster_uuid: cluster } })).json<{
    header: string[];
    body: string[][];
  }>();
  expect(list.header).toEqual(["uuid", "state", "percentage", "queued", "start", "end"]);
  expect(list.body.map(([uuid]) => uuid)).toEqual(tasks.map(({ uuid }) => uuid).sort());
  for (const row of list.body) expect(row.slice(1, 3)).toEqual(["finished", "1.000000"]);
});

test("tasks of a cluster run in the order in which they were queued", async () => {
  const cluster = await makeCluster(app, { name: "ordered" });
  const first = await startTrain(app, cluster, dataset, { epochs: 20 });
  const second = await startRequest(app, cluster, dataset);
  await untilFinished(app, cluster, second.uuid);
  expect((await getTask(app, cluster, first.uuid)).state).toBe("finished");
});

test("a request of an untrained cluster answers zeros", async () => {
  const cluster = await makeCluster(app, { name: "untrained" });
  const { uuid } = await startRequest(app, cluster, dataset);
  await untilFinished(app, cluster, uuid);
  expect(await contentOf(app, uuid, "label", 2)).toEqual([[0], [0]]);
});
