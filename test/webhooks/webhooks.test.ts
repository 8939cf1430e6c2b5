import { eq } from "drizzle-orm";
import { verifyWebhook, type WebhookEvent } from "hanami-sdk";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { notifications, tasks } from "../../src/db/schema/index.ts";
import { parseConfig } from "../../src/server/config.ts";
import { TRIES_MAX } from "../../src/webhooks/retry.ts";
import {
  getTask,
  makeCluster,
  makeDataset,
  requestBody,
  startTrain,
  trainBody,
  untilFinished,
  untilTask,
  type TaskBody,
} from "../support/compute.ts";
import { MemoryLog } from "../support/memory-log.ts";
import { Receiver } from "../support/receiver.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

const secret = "distinctive-webhook-secret-0123456789";
const log = new MemoryLog();
let receiver: Receiver;
let hanging: Receiver;
/** Of the configuration: a test may change them before a restart. */
const urls: string[] = [];
let app: TestApp;
let cluster: string;
let dataset: string;

beforeAll(async () => {
  [receiver, hanging] = [await Receiver.open(), await Receiver.open()];
  hanging.answer = () => {};
  urls.push(`${receiver.url}/hooks`, `${hanging.url}/`);
  const { limits } = parseConfig({ HANAMI_MAX_TASKS_PER_PROJECT: "10" });
  const webhooks = { urls, secret, secretFile: undefined };
  app = await createTestApp({ log, config: { webhooks, limits, logLevel: "debug" } });
  cluster = await makeCluster(app);
  dataset = await makeDataset(app.app, { rows: 20 });
});
afterAll(async () => {
  await app.close();
  await receiver.close();
  await hanging.close();
});
beforeEach(() => {
  receiver.received.length = 0;
  receiver.answer = (response) => response.end();
});

const hook = (path = "/hooks/end") => `${receiver.url}${path}`;
const events = ({ received }: Receiver) => received.map(({ body }) => JSON.parse(body) as WebhookEvent);
const post = (path: string, body: object, token = app.token) => app.request("POST", path, { token, body });
const save = async (notify_url: string, cluster_uuid = cluster, token = app.token) =>
  (await post("/cluster/save", { name: "saved", cluster_uuid, notify_url }, token)).json<TaskBody>().uuid;
const pending = async () => (await app.app.db.select().from(notifications)).map(({ task_uuid }) => task_uuid);
async function untilNonePending(): Promise<void> {
  await expect.poll(pending, { interval: 5 }).toEqual([]);
}
async function counted(outcome: string): Promise<number> {
  const { values } = await app.app.metrics.webhooks.get();
  return values.find(({ labels }) => labels.outcome === outcome)?.value ?? NaN;
}

test("the end of each kind of task is posted once, signed, with the body of GET /task", async () => {
  const notify_url = hook("/hooks/end?key=a%2Fb");
  const outputs = trainBody(cluster, dataset).outputs;
  const { results: _results, ...bound } = requestBody(cluster, dataset);
  const created: TaskBody[] = [await startTrain(app, cluster, dataset, { notify_url })];
  created.push((await post("/task/request", requestBody(cluster, dataset, { notify_url }))).json());
  created.push((await post("/task/evaluate", { ...bound, name: "evaluate", outputs, notify_url })).json());
  expect(created).toMatchObject([{ notify_url }, { notify_url }, { notify_url }]);
  const uuids = created.map(({ uuid }) => uuid);
  const saved = await save(notify_url);
  await untilFinished(app, cluster, saved);
  const load = { cluster_uuid: cluster, checkpoint_uuid: saved, notify_url };
  uuids.push(saved, (await post("/cluster/load", load)).json<TaskBody>().uuid);

  await expect.poll(() => receiver.received.length, { interval: 5 }).toBe(5);
  await untilNonePending();
  const told = new Map(events(receiver).map((event) => [event.task.uuid, event]));
  expect([...told.keys()].toSorted()).toEqual(uuids.toSorted());
  for (const uuid of uuids) {
    const { event, delivery, timestamp_ms, task } = told.get(uuid) as WebhookEvent;
    expect([event, delivery]).toEqual(["task.ended", expect.stringMatching(/^[0-9a-f-]{36}$/)]);
    expect(Math.abs(Date.now() - timestamp_ms)).toBeLessThan(60_000);
    expect(task).toEqual({ ...(await getTask(app, cluster, uuid)), cluster_uuid: cluster });
    expect(task).toMatchObject({ state: "finished", notify_url });
  }
  for (const { path, headers, body } of receiver.received) {
    expect([path, headers["content-type"]]).toEqual(["/hooks/end?key=a%2Fb", "application/json"]);
    const header = String(headers["hanami-signature"]);
    expect(await verifyWebhook({ body, header, secret })).toBe(true);
    expect(await verifyWebhook({ body: `${body} `, header, secret })).toBe(false);
  }
  expect(await counted("delivered")).toBe(5);
  const silent = await startTrain(app, cluster, dataset);
  expect(silent).not.toHaveProperty("notify_url");
});

test("a redirect is not followed; it counts as a failure and is retried with the same delivery", async () => {
  receiver.answer = (response, { path }) => {
    if (receiver.received.length === 1) response.writeHead(307, { Location: `${hook("/elsewhere")}` });
    response.end(path);
  };
  const failed = await counted("failed");
  const { uuid } = await startTrain(app, cluster, dataset, { notify_url: hook(), epochs: 1_000_000 });
  await untilTask(app, cluster, uuid, ({ state }) => state === "active");
  expect((await app.request("DELETE", "/task", { query: { uuid, cluster_uuid: cluster } })).status).toBe(200);
  await expect.poll(() => receiver.received.length, { interval: 20 }).toBe(2);
  await untilNonePending();
  expect(receiver.received.map(({ path }) => path)).toEqual(["/hooks/end", "/hooks/end"]);
  const [first, second] = events(receiver);
  expect(second).toEqual(first);
  expect(first?.task).toMatchObject({ uuid, state: "aborted", end_timestamp: "-" });
  expect((await counted("failed")) - failed).toBe(1);
});

test("the body of an answer is not read", async () => {
  let written = 0;
  const closed = new Promise<void>((resolve) => {
    receiver.answer = (response) => {
      response.on("close", resolve);
      const piece = Buffer.alloc(1_000_000);
      const write = () => {
        if (response.destroyed) return;
        written += piece.length;
        response.write(piece, write);
      };
      write();
    };
  });
  await save(hook());
  await closed;
  await untilNonePending();
  // What fits into the buffers of the system.
  expect(written).toBeLessThan(50_000_000);
});

test("a URL that is not listed is refused, and the list stays secret", async () => {
  const { port } = new URL(receiver.url);
  const notListed = [
    receiver.url,
    hook("/"),
    hook("/hook"),
    hook("/hooksx"),
    hook("/HOOKS/x"),
    hook("//hooks/x"),
    `http://127.0.0.1:${Number(port) + 1}/hooks`,
    `http://127.0.0.1/hooks`,
    `https://127.0.0.1:${port}/hooks`,
    `http://127.0.0.1.example:${port}/hooks`,
    `http://localhost:${port}/hooks`,
  ];
  const notPlain = [
    hook("/hooks/../x"),
    hook("/hooks/./x"),
    hook("/hooks/%2e%2e/x"),
    hook("/hooks/..%2fx"),
    hook("/hooks/%252e%252e/x"),
    hook("/hooks/..;/x"),
    hook("/hooks\\..\\x"),
    hook("/hooks#x"),
    hook("/hooks#"),
    hook("/hooks/\n"),
    hook("/hooks/\t"),
    hook("/hooks/\0"),
    hook("/hooks/ä"),
    hook("/hooks/x\ud800"),
    ` ${hook()}`,
    `http://user@127.0.0.1:${port}/hooks`,
    `http://@127.0.0.1:${port}/hooks`,
    `http://user:password@127.0.0.1:${port}/hooks`,
    `http://127.0.0.1:${port}@example.com/hooks`,
    `http://0x7f.1:${port}/hooks`,
    `http://127.0.0.1:0${port}/hooks`,
    `HTTP://127.0.0.1:${port}/hooks`,
    `//127.0.0.1:${port}/hooks`,
    `http:127.0.0.1:${port}/hooks`,
    "http://",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "",
  ];
  for (const [urlsOfKind, text] of [
    [notListed, "This server does not send notifications to the URL in 'notify_url'"],
    [notPlain, "'notify_url' is not a URL in its normal form"],
  ] as const) {
    for (const notify_url of urlsOfKind) {
      const answer = await post("/cluster/save", { name: "saved", cluster_uuid: cluster, notify_url });
      expect([notify_url, answer.status]).toEqual([notify_url, 400]);
      expect(answer.text, notify_url).toContain(text);
    }
  }
  const long = await post(
    "/task/train",
    trainBody(cluster, dataset, { notify_url: hook(`/hooks/${"x".repeat(2048)}`) }),
  );
  expect([long.status, long.text]).toEqual([400, "Given item 'notify_url' is longer than 2048 characters"]);
  expect(receiver.received).toEqual([]);
});

test("a notification that failed too often is given up, with a warning", async () => {
  receiver.answer = (response) => response.writeHead(500).end();
  const uuid = await save(hook());
  await expect.poll(() => receiver.received.length, { interval: 5 }).toBe(1);
  const isTask = eq(notifications.task_uuid, uuid);
  // Its first retry is under way in a second.
  await expect.poll(async () => (await app.app.db.select().from(notifications))[0]?.tries, { interval: 5 }).toBe(1);
  await app.app.db
    .update(notifications)
    .set({ tries: TRIES_MAX - 1 })
    .where(isTask);
  await untilNonePending();
  const { warnings } = await getTask(app, cluster, uuid);
  expect(warnings).toEqual([
    `Nobody was notified of the end of the task: ${TRIES_MAX} tries failed; at the last one the answer had status 500.`,
  ]);
  expect(await counted("given_up")).toBe(1);
  expect(log.entries()).toContainEqual(expect.objectContaining({ level: 40, task: uuid }));
});

test("a receiver that hangs delays its own project only; what is left is delivered after a restart", async () => {
  await post("/project", { id: "other", name: "other" });
  const token = await app.addUser({ id: "other_user", projectId: "other" });
  const others = await makeCluster(app, { token });

  const uuids: string[] = [];
  for (let count = 0; count < 6; count++) uuids.push(await save(`${hanging.url}/end`));
  for (const uuid of uuids) await untilFinished(app, cluster, uuid);
  await expect.poll(() => hanging.received.length, { interval: 5 }).toBe(4);

  const other = await save(hook(), others, token);
  await expect.poll(() => receiver.received.length, { interval: 5 }).toBe(1);
  expect(events(receiver)[0]?.task.uuid).toBe(other);
  expect(hanging.received.length).toBe(4);
  await expect.poll(async () => (await pending()).toSorted(), { interval: 5 }).toEqual(uuids.toSorted());

  // A task that is deleted takes its notification along, and so does a cluster.
  const underWay = events(hanging).map(({ task }) => task.uuid);
  const waiting = uuids.filter((uuid) => !underWay.includes(uuid));
  const query = { uuid: waiting[0] as string, cluster_uuid: cluster };
  expect((await app.request("DELETE", "/task", { query })).status).toBe(200);
  const second = await makeCluster(app, { name: "second cluster" });
  const last = await save(`${hanging.url}/end`, second);
  await untilFinished(app, second, last);
  expect(await pending()).toContain(last);
  expect((await app.request("DELETE", "/cluster", { query: { uuid: second } })).status).toBe(200);
  const left = [...underWay, waiting[1] as string].toSorted();
  expect((await pending()).toSorted()).toEqual(left);

  // The project may have ten, and has five.
  const more: string[] = [];
  for (let count = 0; count < 5; count++) more.push(await save(`${hanging.url}/end`));
  const refused = await post("/cluster/save", { name: "saved", cluster_uuid: cluster, notify_url: hook() });
  const text = "Project with id 'admin' has 10 notifications to deliver, which is the limit.";
  expect([refused.status, refused.text]).toEqual([409, text]);
  expect((await post("/cluster/save", { name: "saved", cluster_uuid: cluster })).status).toBe(200);

  for (const uuid of more) await untilFinished(app, cluster, uuid);
  const [repeated] = events(hanging);
  hanging.answer = (response) => response.end();
  await app.restart();
  await untilNonePending();
  const told = events(hanging).slice(4);
  expect(told.map(({ task }) => task.uuid)).toEqual(expect.arrayContaining([...left, ...more]));
  expect(told.map(({ delivery }) => delivery)).toContain(repeated?.delivery);
  expect(told).toHaveLength(10);
});

test("what the list no longer has is not delivered, with a warning", async () => {
  receiver.answer = (response) => response.writeHead(503).end();
  const uuid = await save(hook());
  await expect.poll(() => receiver.received.length, { interval: 5 }).toBe(1);
  urls.shift();
  await app.restart();
  await untilNonePending();
  const { warnings } = await getTask(app, cluster, uuid);
  expect(warnings).toEqual([
    "Nobody was notified of the end of the task: this server does not send notifications to its URL any more.",
  ]);
  expect(await counted("dropped")).toBe(1);
});

test("a notification whose task was swept is removed, and the log has no secret", async () => {
  const { project_id } = (await app.app.db.select().from(tasks))[0] as { project_id: string };
  const [task_uuid, delivery_uuid] = [crypto.randomUUID(), crypto.randomUUID()];
  await app.app.db.insert(notifications).values({ task_uuid, delivery_uuid, project_id });
  app.app.webhooks.wake(project_id);
  await untilNonePending();
  expect(log.entries().map(({ msg }) => msg)).toContain("a notification failed");
  expect(log.text.includes(secret)).toBe(false);
});
