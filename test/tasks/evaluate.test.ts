import { afterAll, beforeAll, expect, test } from "vitest";
import type { TaskOutcome } from "../../src/db/schema/index.ts";
import {
  argMax,
  type Cell,
  contentOf,
  getTask,
  makeCluster,
  makeDataset,
  makeTrainedCluster,
  smallTemplate,
  startRequest,
  startTrain,
  type TaskBody,
  trainBody,
  untilFinished,
  untilTask,
} from "../support/compute.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

let app: TestApp;
let dataset: string;

beforeAll(async () => {
  app = await createTestApp();
  dataset = await makeDataset(app.app, { rows: 400 });
});
afterAll(() => app.close());

const evaluate = (cluster: string, data: string, more: Record<string, unknown> = {}) =>
  app.request("POST", "/task/evaluate", { body: trainBody(cluster, data, { name: "evaluate_task", ...more }) });

type Evaluated = TaskBody & TaskOutcome;

async function scoresOf(cluster: string, data: string, more?: Record<string, unknown>): Promise<Evaluated> {
  const { uuid } = (await evaluate(cluster, data, more)).json<TaskBody>();
  return untilFinished(app, cluster, uuid);
}

test("the scores of classes are those of the answers of a request", async () => {
  const cluster = await makeTrainedCluster(app, dataset, { name: "classes" });
  const created = (await evaluate(cluster, dataset)).json<Evaluated>();
  expect(created).toMatchObject({ name: "evaluate_task", state: "queued", total_number_of_cycles: 400, warnings: [] });
  expect(created).not.toHaveProperty("metrics");
  const task: Evaluated = await untilFinished(app, cluster, created.uuid);
  expect(task).toMatchObject({ current_cycle: 400, rows: 400, warnings: [] });

  const request = await startRequest(app, cluster, dataset);
  await untilFinished(app, cluster, request.uuid);
  const answers = await contentOf(app, request.uuid, "label", 400);
  const right = answers.filter((row, index) => argMax(row) === index % 8).length;
  const { label_hex: metrics } = task.metrics!;
  expect(metrics).toMatchObject({
    rows: 400,
    accuracy: right / 400,
    balanced_accuracy: expect.closeTo(right / 400, 9),
  });
  const loss = answers.map((row, index) => -Math.log(row[index % 8]! / row.reduce((sum, value) => sum + value)));
  expect(metrics!["log_loss"]).toBeCloseTo(loss.reduce((sum, each) => sum + each) / 400, 4);
  expect(task.baseline).toEqual({
    label_hex: {
      class: "0",
      rows: 400,
      accuracy: 0.125,
      balanced_accuracy: 0.125,
      log_loss: expect.closeTo(Math.log(8), 9),
    },
  });
  // The list has no scores, and nothing was made of the answers.
  const list = await app.request("GET", "/task/all", { query: { cluster_uuid: cluster } });
  expect(list.text).not.toContain("accuracy");
  expect((await app.request("GET", "/dataset", { query: { uuid: task.uuid } })).status).toBe(404);
});

test("a number is compared with the mean", async () => {
  const wave: Cell = (row) => 0.5 + 0.4 * Math.sin(row / 5);
  const table = await makeDataset(app.app, {
    rows: 200,
    type: "float32",
    groups: [
      { name: "picture", width: 16, cell: (row, column) => Math.max(0, 1 - Math.abs((row % 31) - 2 * column) / 3) },
      { name: "label", width: 1, cell: wave },
    ],
  });
  const cluster = await makeCluster(app, { name: "number" });
  const { uuid } = await startTrain(app, cluster, table, { epochs: 20 });
  await untilFinished(app, cluster, uuid);
  const { metrics, baseline } = await scoresOf(cluster, table);
  const targets = Array.from({ length: 200 }, (_, row) => Math.fround(wave(row, 0)));
  const mean = targets.reduce((sum, value) => sum + value) / 200;
  const rmse = Math.sqrt(targets.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 200);
  const mae = targets.reduce((sum, value) => sum + Math.abs(value - mean), 0) / 200;
  expect(baseline!["label_hex"]).toEqual({
    mean: expect.closeTo(mean, 9),
    rows: 200,
    mae: expect.closeTo(mae, 9),
    rmse: expect.closeTo(rmse, 9),
    r2: expect.closeTo(0, 9),
  });
  const scores = metrics!["label_hex"] as { rmse: number; r2: number };
  expect(scores.rmse).toBeLessThan(rmse / 2);
  expect(scores.r2).toBeCloseTo(1 - (scores.rmse / rmse) ** 2, 6);
});

test("an untrained output answers 0, with a warning", async () => {
  const cluster = await makeCluster(app, { name: "untrained" });
  const task = await scoresOf(cluster, dataset);
  expect(task.warnings).toEqual(["Output 'label_hex' has learnt nothing yet: it answers 0."]);
  expect(task.metrics!["label_hex"]).toMatchObject({ accuracy: 0.125, log_loss: expect.closeTo(Math.log(8), 6) });
});

test("targets of another width than the output fail the task with the reason", async () => {
  const cluster = await makeTrainedCluster(app, dataset, { name: "narrow" });
  const pictures = [{ dataset_uuid: dataset, dataset_column: "picture", hexagon_name: "label_hex" }];
  const { uuid } = (await evaluate(cluster, dataset, { outputs: pictures })).json<TaskBody>();
  const task = await untilTask(app, cluster, uuid, ({ state }) => state === "failed");
  expect(task.error_message).toBe("Output 'label_hex' answers 8 values, but its column has 16");
});

test("an evaluation that was interrupted starts again, and one that is aborted has no scores", async () => {
  const cluster = await makeTrainedCluster(app, dataset, { name: "again" });
  const large = await makeDataset(app.app, { rows: 200_000 });
  const { uuid } = (await evaluate(cluster, large)).json<TaskBody>();
  await untilTask(app, cluster, uuid, ({ current_cycle }) => current_cycle > 0);
  await app.restart();
  const task: Evaluated = await untilFinished(app, cluster, uuid);
  expect(task.rows).toBe(200_000);
  expect(task.metrics!["label_hex"]).toMatchObject({ rows: 200_000 });

  const next = (await evaluate(cluster, large)).json<TaskBody>();
  await untilTask(app, cluster, next.uuid, ({ current_cycle }) => current_cycle > 0);
  await app.request("DELETE", "/task", { query: { uuid: next.uuid, cluster_uuid: cluster } });
  const aborted = await getTask(app, cluster, next.uuid);
  expect(aborted).toMatchObject({ state: "aborted", warnings: [] });
  expect(aborted).not.toHaveProperty("metrics");
});

test("bindings are checked like those of a training", async () => {
  const cluster = await makeCluster(app, { name: "checked" });
  const refused = async (more: Record<string, unknown>) => {
    const { status, text } = await evaluate(cluster, dataset, more);
    return [status, text];
  };
  expect(await refused({ outputs: [] })).toEqual([400, "'outputs' is empty"]);
  const output = { dataset_uuid: dataset, dataset_column: "label", hexagon_name: "label_hex" };
  expect(await refused({ outputs: Array.from({ length: 33 }, () => output) })).toEqual([
    400,
    "'outputs' has more than 32 items",
  ]);
  expect(await refused({ outputs: [{ ...output, hexagon_name: "nope" }] })).toEqual([
    404,
    "Cluster has no output with name 'nope'",
  ]);
  expect(await refused({ outputs: [{ ...output, dataset_column: "nope" }] })).toEqual([
    404,
    "Dataset doesn't contain column with name 'nope'",
  ]);
  expect(await refused({ time_length: 401 })).toEqual([400, "'time_length' is 401, but there are only 400 rows"]);
});

test("an evaluation changes no network without a memory, and says when no path leads to an output", async () => {
  const template = smallTemplate.replace("2,1,1", "7,1,1");
  const cluster = await makeTrainedCluster(app, dataset, { name: "unreached", template });
  const before = (await app.request("GET", "/cluster", { query: { uuid: cluster } })).json();
  const { warnings } = await scoresOf(cluster, dataset);
  expect(warnings).toEqual([expect.stringContaining("No path of hexagons")]);
  expect((await app.request("GET", "/cluster", { query: { uuid: cluster } })).json()).toEqual(before);
});
