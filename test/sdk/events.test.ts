import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import {
  BadRequestError,
  ConnectionError,
  HanamiClient,
  NotFoundError,
  TaskError,
  UnauthorizedError,
  type FollowedTask,
  type ServerEvent,
  type TaskPoint,
} from "hanami-sdk";
import { makeCluster, makeDataset, startTrain, trainBody } from "../support/compute.ts";
import { adminId, createTestApp, testPassphrase, type TestApp } from "../support/test-app.ts";

let app: TestApp;
let url: string;
let dataset: string;

beforeAll(async () => {
  app = await createTestApp();
  ({ url } = await app.server.listen());
  dataset = await makeDataset(app.app, { rows: 20 });
});
afterAll(() => app.close());

/** A client, the paths of its requests, and what breaks its connections for events. */
function openClient(answer: (target: URL) => Response | undefined = () => undefined) {
  const paths: string[] = [];
  const ids: (string | null)[] = [];
  const breakers = new Set<AbortController>();
  const fetched: typeof fetch = async (input, init) => {
    const target = new URL(input as URL);
    paths.push(target.pathname.slice("/v1.0alpha".length));
    if (!target.pathname.endsWith("/events")) return answer(target) ?? fetch(target, init);
    ids.push(new Headers(init?.headers).get("Last-Event-ID"));
    const breaker = new AbortController();
    breakers.add(breaker);
    const signal = AbortSignal.any([breaker.signal, init?.signal as AbortSignal]);
    // The port may have changed.
    return answer(target) ?? fetch(new URL(target.pathname + target.search, url), { ...init, signal });
  };
  return {
    client: new HanamiClient({ address: url, user: adminId, passphrase: testPassphrase, fetch: fetched }),
    paths,
    ids,
    breakAll: () => {
      for (const breaker of breakers) breaker.abort();
    },
  };
}

let names = 0;
const newCluster = () => makeCluster(app, { name: `cluster ${++names}` });

async function queuedTask(epochs = 1) {
  const cluster_uuid = await newCluster();
  const setMode = (new_state: string) =>
    app.request("PUT", "/cluster/set_mode", { body: { uuid: cluster_uuid, new_state } });
  await setMode("DIRECT");
  const { uuid } = await startTrain(app, cluster_uuid, dataset, { epochs });
  return { task: { uuid, cluster_uuid }, begin: () => setMode("TASK") };
}

const publish = (uuid: string) =>
  app.app.events.publish({ kind: "cluster.score", data: { uuid }, owner: null, cluster: uuid });

async function untilStreams(count: number): Promise<void> {
  await expect.poll(() => app.app.connections.count(), { interval: 2, timeout: 20_000 }).toBe(count);
}

/** Takes events until there are as many. */
async function take(stream: AsyncGenerator<ServerEvent>, count: number): Promise<ServerEvent[]> {
  const taken: ServerEvent[] = [];
  while (taken.length < count) taken.push((await stream.next()).value as ServerEvent);
  return taken;
}

test("events come from where they are asked for, go on after a broken connection, and end with the loop", async () => {
  const { client, ids, breakAll } = openClient();
  const stream = client.events({ kind: "cluster.score" });
  const first = take(stream, 1);
  await untilStreams(1);
  publish("a");
  const [{ id, kind, data }] = (await first) as [ServerEvent];
  expect([kind, data["uuid"]]).toEqual(["cluster.score", "a"]);
  publish("b");
  breakAll();
  await untilStreams(0);
  publish("c");
  expect((await take(stream, 2)).map((event) => event.data["uuid"])).toEqual(["b", "c"]);
  expect(ids).toEqual([null, expect.stringMatching(/-\d+$/)]);
  await stream.return();
  await untilStreams(0);
  const again = client.events({ kind: "cluster.score", lastEventId: id });
  expect((await take(again, 2)).map((event) => event.data["uuid"])).toEqual(["b", "c"]);
  await again.return();
  await untilStreams(0);
});

test("a stream outlives the server: after its restart there is a reset, and events come again", async () => {
  const { client } = openClient();
  const stream = client.events({ kind: "cluster.score" });
  const next = take(stream, 1);
  await untilStreams(1);
  await app.restart();
  ({ url } = await app.server.listen());
  expect((await next)[0]?.kind).toBe("stream.reset");
  publish("after");
  expect((await take(stream, 1))[0]?.data["uuid"]).toBe("after");
  await stream.return();
  await untilStreams(0);
});

test("refusals are thrown, and a signal ends a stream with its reason", async () => {
  const { client } = openClient();
  await expect(client.events({ kind: "nothing" }).next()).rejects.toThrow(BadRequestError);
  await expect(client.events({ cluster_uuid: crypto.randomUUID() }).next()).rejects.toThrow(NotFoundError);
  const wrong = new HanamiClient({ address: url, user: adminId, passphrase: "a wrong passphrase" });
  await expect(wrong.events().next()).rejects.toThrow(UnauthorizedError);
  const nowhere = new HanamiClient({ address: "http://127.0.0.1:9", user: adminId, passphrase: testPassphrase });
  await expect(nowhere.events().next()).rejects.toThrow(ConnectionError);
  const enough = new AbortController();
  const next = client.events({ signal: enough.signal }).next();
  await untilStreams(1);
  enough.abort(new Error("enough"));
  await expect(next).rejects.toThrow("enough");
  await untilStreams(0);
});

test("many tasks are awaited over one stream, each with a single request", async () => {
  const { client, paths } = openClient();
  const tasks = [await queuedTask(), await queuedTask(), await queuedTask()];
  const over = tasks.map(({ task }) => client.tasks.wait(task));
  await untilStreams(1);
  await expect.poll(() => paths.filter((path) => path === "/task").length, { interval: 2 }).toBe(3);
  for (const { begin } of tasks) await begin();
  for (const task of await Promise.all(over)) expect(task.state).toBe("finished");
  await untilStreams(0);
  expect(paths.filter((path) => path === "/task")).toHaveLength(3);
  // The first stream is of one cluster; the second one goes on where it ends, for all.
  expect(paths.filter((path) => path === "/events").length).toBeLessThanOrEqual(2);
});

test("a followed task yields each state, progress and point, and survives a broken connection", async () => {
  const { client, paths, breakAll } = openClient();
  const { task, begin } = await queuedTask(500);
  const news: FollowedTask[] = [];
  const point = { cycle: 1, loss: 0.5 };
  for await (const each of client.tasks.follow(task)) {
    news.push(each);
    if (news.length === 1) {
      const about = { cluster: task.cluster_uuid, task: task.uuid };
      app.app.events.publish({ kind: "task.metrics", data: { ...task, point }, owner: null, ...about });
      breakAll();
      await begin();
    }
  }
  const states = news.flatMap((each) => (each.kind === "task" ? [each.task] : []));
  expect(states[0]?.state).toBe("queued");
  expect(new Set(states.map(({ state }) => state))).toEqual(new Set(["queued", "active", "finished"]));
  const cycles = states.map(({ current_cycle }) => current_cycle);
  expect(cycles).toEqual([...cycles].sort((a, b) => a - b));
  expect(cycles.length).toBeGreaterThan(3);
  expect(states.at(-1)).toEqual(await client.tasks.get(task));
  const points = news.flatMap((each) => (each.kind === "point" ? [each.point] : []));
  expect(points[0]).toEqual(point);
  expect(points.at(-1)?.cycle).toBe(10_000);
  const ofPoints = points.map(({ cycle }) => cycle);
  expect(ofPoints).toEqual([...ofPoints].sort((a, b) => a - b));
  expect(paths.filter((path) => path === "/task").length).toBeLessThanOrEqual(2);
});

test("a task or cluster that is deleted, and a task that is aborted, end the wait", async () => {
  const { client } = openClient();
  const [first, second, third] = [await queuedTask(), await queuedTask(), await queuedTask(100_000)];
  const waits = [first, second, third].map(({ task }) => client.tasks.wait(task));
  for (const wait of waits) wait.catch(() => {});
  await untilStreams(1);
  await client.tasks.delete(first.task);
  await client.clusters.delete(second.task.cluster_uuid);
  await expect(waits[0]).rejects.toThrow(NotFoundError);
  await expect(waits[1]).rejects.toThrow(NotFoundError);
  await third.begin();
  await expect.poll(async () => (await client.tasks.get(third.task)).state, { interval: 5 }).toBe("active");
  await client.tasks.delete(third.task);
  await expect(waits[2]).rejects.toThrow(TaskError);
  await untilStreams(0);
});

test("a signal ends the wait of one task and not of another", async () => {
  const { client } = openClient();
  const [one, two] = [await queuedTask(), await queuedTask()];
  const enough = new AbortController();
  const ended = client.tasks.wait(one.task, { signal: enough.signal });
  const stays = client.tasks.wait(two.task);
  await untilStreams(1);
  await setImmediate();
  enough.abort(new Error("enough"));
  await expect(ended).rejects.toThrow("enough");
  await two.begin();
  expect((await stays).state).toBe("finished");
  await untilStreams(0);
});

test("where too many listen, a task is awaited as on servers without events, and the next one is tried again", async () => {
  let isFull = true;
  const { client, paths } = openClient((target) =>
    target.pathname.endsWith("/events") && isFull
      ? new Response("Too many clients listen to events.", { status: 409 })
      : undefined,
  );
  const { task, begin } = await queuedTask();
  const over = client.tasks.wait(task);
  await untilStreams(1);
  onTestFinished(() => void begin());
  await begin();
  expect((await over).state).toBe("finished");
  expect(paths.filter((path) => path === "/task").length).toBeGreaterThan(1);
  isFull = false;
  const asked = paths.length;
  expect((await client.tasks.wait(task)).state).toBe("finished");
  expect(paths.slice(asked)).toEqual(["/events", "/task"]);
});

test("API, events and SDK tell the same points: the loss falls, the accuracy rises, held-out rows beside them", async () => {
  const { client } = openClient();
  const digits = await makeDataset(app.app, { rows: 400 });
  const cluster_uuid = await newCluster();
  const stop = new AbortController();
  const heard: TaskPoint[] = [];
  const events = client.events({ kind: "task", cluster_uuid, signal: stop.signal });
  const listening = (async () => {
    for await (const { kind, data } of events) {
      if (kind === "task.metrics") heard.push(data["point"] as TaskPoint);
      if (kind === "task.ended") return data;
    }
    return undefined;
  })();
  const body = trainBody(cluster_uuid, digits) as unknown as Parameters<typeof client.tasks.train>[0];
  const task = await client.tasks.train({ ...body, epochs: 60, batch_size: 16, validation: { share: 0.25 } });
  const followed: TaskPoint[] = [];
  const states: string[] = [];
  for await (const news of client.tasks.follow(task)) {
    if (news.kind === "point") followed.push(news.point);
    else states.push(news.task.state);
  }
  const ended = await listening;

  const { points, state } = await client.tasks.metrics(task);
  const query = { uuid: task.uuid, cluster_uuid };
  const answer = await app.request("GET", "/task/metrics", { query });
  expect(answer.json()).toEqual({ ...query, name: task.name, state, total_number_of_cycles: 18_000, points });

  // A point that was told early may have grown since.
  const whole = ({ cycle, samples }: TaskPoint) =>
    points.some((each) => each.cycle === cycle && each.samples === samples);
  const known = (told: readonly TaskPoint[]) => points.filter(({ cycle }) => told.some((each) => each.cycle === cycle));
  for (const told of [heard, followed]) {
    expect(told.at(-1)).toEqual(points.at(-1));
    expect(told.filter(whole).map(({ cycle, loss, accuracy }) => ({ cycle, loss, accuracy }))).toEqual(
      known(told.filter(whole)).map(({ cycle, loss, accuracy }) => ({ cycle, loss, accuracy })),
    );
  }
  expect(states.at(-1)).toBe("finished");
  expect(ended).toMatchObject({ uuid: task.uuid, state: "finished" });

  const [first, last] = [points[0]!, points.at(-1)!];
  expect(last.loss).toBeLessThan(0.5 * first.loss!);
  expect(last.accuracy).toBeGreaterThan(first.accuracy!);
  expect(last.validation_accuracy).toBeCloseTo((await client.tasks.get(task)).metrics!["label_hex"]!.accuracy!, 6);
  expect(points.filter(({ validation_loss }) => validation_loss !== undefined).length).toBeGreaterThanOrEqual(20);
  stop.abort();
});
