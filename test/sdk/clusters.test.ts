import {
  BadRequestError,
  ConflictError,
  HanamiClient,
  HanamiError,
  NotFoundError,
  TaskError,
  type Task,
  type WebSocketConstructor,
} from "hanami-sdk";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { drawDigits } from "../../scripts/demo/digits.ts";
import { encodePair } from "../../scripts/demo/idx.ts";
import { adminId, createTestApp, testPassphrase, type TestApp } from "../support/test-app.ts";

let app: TestApp;
let address: string;
let hanami: HanamiClient;
let digits: string;
beforeAll(async () => {
  app = await createTestApp();
  address = (await app.server.listen()).url;
  hanami = new HanamiClient({ address, user: adminId, passphrase: testPassphrase });
  const { images, labels } = encodePair(drawDigits(400, 1));
  digits = (await hanami.datasets.uploadMnist({ name: "digits", images, labels })).uuid;
});
afterAll(() => app.close());

const template = (outputs: string[]) => `version: 1
settings:
    neuron_cooldown: 10000000.0
hexagons:
    1,1,1
    2,1,1
    ${outputs.map((_, index) => `3,${index + 1},1`).join("\n    ")}
inputs:
    picture: 1,1,1
outputs:
    ${outputs.map((name, index) => `${name}: 3,${index + 1},1`).join("\n    ")}
`;
const digitTemplate = template(["label"]);
const column = (dataset_column: string) => [{ dataset_uuid: digits, dataset_column, hexagon_name: dataset_column }];
const trainTask = (cluster_uuid: string) => ({
  name: "learn digits",
  cluster_uuid,
  inputs: column("picture"),
  outputs: column("label"),
});

test("train, request, check, save, restore: the whole workflow", async () => {
  const [host] = await hanami.hosts.list();
  expect(host).toMatchObject({ type: "cpu" });
  const cluster = await hanami.clusters.create({
    name: "workflow",
    template: digitTemplate,
    seed: 7,
    host_uuid: host?.uuid as string,
  });
  expect(await hanami.clusters.list()).toContainEqual(cluster);
  expect(await hanami.clusters.get(cluster.uuid)).toMatchObject({ ...cluster, number_of_sections: 0 });

  const task = await hanami.tasks.train({ ...trainTask(cluster.uuid), epochs: 3, batch_size: 32 });
  expect(task).toMatchObject({ state: "queued", total_number_of_cycles: 1200, start_timestamp: "-" });
  const seen: Task[] = [];
  for await (const state of hanami.tasks.watch(task, { intervalMs: 20 })) seen.push(state);
  const cycles = seen.map(({ current_cycle }) => current_cycle);
  expect(cycles).toEqual(cycles.toSorted((a, b) => a - b));
  expect(seen.at(-1)).toMatchObject({ state: "finished", percentage_finished: 1, current_cycle: 1200 });
  expect(await hanami.tasks.list(cluster.uuid)).toMatchObject([{ uuid: task.uuid, state: "finished", percentage: 1 }]);
  expect((await hanami.clusters.get(cluster.uuid)).number_of_sections).toBeGreaterThan(0);

  const request = await hanami.tasks.request({
    name: "first question",
    cluster_uuid: cluster.uuid,
    inputs: column("picture"),
    results: [{ dataset_column: "answer", hexagon_name: "label" }],
  });
  await hanami.tasks.wait(request, { intervalMs: 20 });
  // Far above the tenth that guessing gives: the network has learned these images.
  expect(await hanami.datasets.check({ uuid: request.uuid, reference_uuid: digits })).toBeGreaterThan(80);
  const answer = { uuid: request.uuid, column_name: "answer", number_of_rows: 400 };
  const answers = await hanami.datasets.content(answer);
  expect(answers).toHaveLength(400);
  expect(answers[0]).toHaveLength(10);

  const saved = await hanami.clusters.save({ cluster_uuid: cluster.uuid, name: "after three" });
  await hanami.tasks.wait({ uuid: saved.uuid, cluster_uuid: cluster.uuid }, { intervalMs: 20 });
  expect(await hanami.checkpoints.list()).toEqual([await hanami.checkpoints.get(saved.uuid)]);

  const copy = await hanami.clusters.create({ name: "copy", template: digitTemplate, seed: 8 });
  const restored = await hanami.clusters.restore({ cluster_uuid: copy.uuid, checkpoint_uuid: saved.uuid });
  await hanami.tasks.wait({ uuid: restored.uuid, cluster_uuid: copy.uuid }, { intervalMs: 20 });
  const again = await hanami.tasks.request({
    name: "second question",
    cluster_uuid: copy.uuid,
    inputs: column("picture"),
    results: [{ dataset_column: "answer", hexagon_name: "label" }],
  });
  await hanami.tasks.wait(again, { intervalMs: 20 });
  expect(await hanami.datasets.content({ ...answer, uuid: again.uuid })).toEqual(answers);

  await hanami.checkpoints.delete(saved.uuid);
  await expect(hanami.checkpoints.get(saved.uuid)).rejects.toThrow(NotFoundError);
  await hanami.tasks.delete(task);
  await expect(hanami.tasks.get(task)).rejects.toThrow(NotFoundError);
  for (const { uuid } of [cluster, copy]) await hanami.clusters.delete(uuid);
  await expect(hanami.clusters.get(cluster.uuid)).rejects.toThrow(NotFoundError);
});

test("an aborted task ends the wait with an error that carries the task", async () => {
  const cluster = await hanami.clusters.create({ name: "aborted", template: digitTemplate });
  const task = await hanami.tasks.train({ ...trainTask(cluster.uuid), epochs: 10_000 });
  for await (const { state } of hanami.tasks.watch(task, { intervalMs: 20 })) {
    if (state === "active") await hanami.tasks.delete(task);
  }
  const failed = await hanami.tasks.wait(task).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(TaskError);
  expect(failed).toMatchObject({
    message: "Task 'learn digits' aborted.",
    task: { uuid: task.uuid, state: "aborted" },
  });
  await hanami.clusters.delete(cluster.uuid);
});

test("a watch ends with its signal", async () => {
  const cluster = await hanami.clusters.create({ name: "watched", template: digitTemplate });
  const task = await hanami.tasks.train({ ...trainTask(cluster.uuid), epochs: 10_000 });
  const controller = new AbortController();
  const waiting = hanami.tasks.wait(task, { intervalMs: 60_000, signal: controller.signal });
  const reason = new Error("enough");
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  await hanami.clusters.delete(cluster.uuid);
});

test("direct IO trains and answers, also with overlapping calls and two outputs", async () => {
  const cluster = await hanami.clusters.create({ name: "direct", template: template(["left", "right"]), seed: 1 });
  const line = await hanami.clusters.directIO(cluster.uuid);
  await expect(hanami.clusters.directIO(cluster.uuid)).rejects.toThrow(ConflictError);
  const samples = [
    { picture: [1, 0, 0, 1], left: [1, 0], right: [0] },
    { picture: [0, 1, 1, 0], left: [0, 1], right: [1] },
  ];
  const steps: Promise<void>[] = [];
  for (let round = 0; round < 200; round++) {
    for (const { picture, left, right } of samples) steps.push(line.train({ picture }, { left, right }));
  }
  await Promise.all(steps);
  for (const { picture, left, right } of samples) {
    const outputs = await line.request({ picture }, 2);
    expect(Object.keys(outputs).sort()).toEqual(["left", "right"]);
    expect([...(outputs["left"] ?? [])].map(Math.round)).toEqual(left);
    expect([...(outputs["right"] ?? [])].map(Math.round)).toEqual(right);
  }
  await line.close();
  await expect(line.request({ picture: [1] })).rejects.toThrow("closed");
  // Back in task mode: the queue works again.
  const saved = await hanami.clusters.save({ cluster_uuid: cluster.uuid, name: "direct" });
  await hanami.tasks.wait({ uuid: saved.uuid, cluster_uuid: cluster.uuid }, { intervalMs: 20 });
  await hanami.clusters.delete(cluster.uuid);
});

test("direct IO: errors are reported and no call hangs", async () => {
  const cluster = await hanami.clusters.create({ name: "wrong", template: digitTemplate });
  const line = await hanami.clusters.directIO(cluster.uuid);
  await expect(line.request({})).rejects.toThrow(TypeError);
  await expect(line.request({ nothing: [1] })).rejects.toThrow(
    new BadRequestError("Cluster has no input with name 'nothing'"),
  );
  await line.close();
  await expect(hanami.clusters.directIO("12345678-1234-1234-1234-123456789abc")).rejects.toThrow(NotFoundError);
  await hanami.clusters.delete(cluster.uuid);
});

test("direct IO: a wrong number of outputs is reported", async () => {
  const cluster = await hanami.clusters.create({ name: "outputs", template: template(["left", "right"]) });
  const picture = [1, 0, 0, 1];
  const few = await hanami.clusters.directIO(cluster.uuid);
  expect(Object.keys(await few.request({ picture }))).toEqual(["left"]);
  await expect(few.request({ picture })).rejects.toThrow(new HanamiError("The cluster has more outputs than 1."));
  await few.close();

  let answers = 0;
  class Counting extends WebSocket {
    constructor(url: string) {
      super(url);
      this.on("message", () => answers++);
    }
  }
  const login = { user: adminId, passphrase: testPassphrase };
  const counting = new HanamiClient({ address, ...login, WebSocket: Counting as unknown as WebSocketConstructor });
  const single = await counting.clusters.create({ name: "one output", template: digitTemplate });
  const many = await counting.clusters.directIO(single.uuid);
  const introduction = answers;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    let isSettled = false;
    const answer = many.request({ picture }, 2).finally(() => (isSettled = true));
    answer.catch(() => {});
    while (!isSettled) {
      await new Promise((resolve) => setImmediate(resolve));
      if (answers > introduction) vi.advanceTimersByTime(10_000);
    }
    await expect(answer).rejects.toThrow(new HanamiError("The cluster has fewer outputs than 2."));
  } finally {
    vi.useRealTimers();
  }
  await many.close();
  for (const { uuid } of [cluster, single]) await hanami.clusters.delete(uuid);
});

test("refusals keep their class and text", async () => {
  const broken = hanami.clusters.create({ name: "broken", template: "version: 2" });
  await expect(broken).rejects.toThrow(BadRequestError);
  await expect(broken).rejects.toThrow("Uploaded template is not a valid cluster-template");
  const cluster = await hanami.clusters.create({ name: "empty" });
  await expect(hanami.clusters.create({ name: "empty" })).rejects.toThrow(ConflictError);
  const unknown = "12345678-1234-1234-1234-123456789abc";
  const moved = hanami.clusters.switchHost({ cluster_uuid: cluster.uuid, host_uuid: unknown });
  await expect(moved).rejects.toThrow(`Host with uuid '${unknown}' not found`);
  await hanami.clusters.delete(cluster.uuid);
});
