import { once } from "node:events";
import { connect } from "node:net";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { readToken, signToken, tokenEndMs } from "../../src/accounts/tokens.ts";
import { clusters } from "../../src/db/schema/index.ts";
import { EVENT_KINDS, type EventKind } from "../../src/events/kinds.ts";
import { makeCluster, makeDataset, requestBody, startTrain, trainBody, untilTask } from "../support/compute.ts";
import { listenTo, type Listener } from "../support/heard-events.ts";
import { adminId, createTestApp, type TestApp } from "../support/test-app.ts";
import { announceCsv, sendFile } from "./dataset-support.ts";

let app: TestApp;
let url: string;
let dataset: string;

beforeAll(async () => {
  app = await createTestApp();
  ({ url } = await app.server.listen());
  dataset = await makeDataset(app.app, { rows: 20 });
});
afterAll(() => app.close());

let names = 0;
const newCluster = (token = app.token) => makeCluster(app, { name: `cluster ${++names}`, token });

const setMode = async (uuid: string, new_state: string, token = app.token) =>
  (await app.request("PUT", "/cluster/set_mode", { token, body: { uuid, new_state } })).json();

/** Publishes an event about a cluster of nobody in particular. */
const publish = (kind: EventKind, uuid: string, owner = {}) =>
  app.app.events.publish({
    kind,
    data: { uuid },
    owner: { project_id: "admin", owner_id: adminId, owner_uuid: null, ...owner },
    cluster: uuid,
  });

const uuidsOf = ({ heard }: Listener) => heard.map(({ data }) => data["uuid"]);

test("a task is told from its queue to its deletion, as GET /task has it", async () => {
  const cluster_uuid = await newCluster();
  await setMode(cluster_uuid, "DIRECT");
  const listener = await listenTo(app, { url, query: { cluster_uuid } });
  expect(Object.fromEntries(listener.response.headers)).toMatchObject({
    "content-type": "text/event-stream",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  });
  const { uuid } = await startTrain(app, cluster_uuid, dataset, { epochs: 500 });
  const get = async () => (await app.request("GET", "/task", { query: { uuid, cluster_uuid } })).json();
  const common = { cluster_uuid, project_id: "admin", owner_id: adminId, timestamp_ms: expect.any(Number) };
  expect((await listener.first("task.queued")).data).toEqual({ ...(await get()), ...common });
  await setMode(cluster_uuid, "TASK");
  expect((await listener.first("task.active")).data).toMatchObject({ ...common, uuid, state: "active" });
  expect((await listener.first("task.progress")).data).toEqual({
    ...common,
    uuid,
    current_cycle: expect.any(Number),
    total_number_of_cycles: 10_000,
    percentage_finished: expect.any(Number),
  });
  expect((await listener.first("task.ended")).data).toEqual({ ...(await get()), ...common });
  await app.request("DELETE", "/task", { query: { uuid, cluster_uuid } });
  expect((await listener.first("task.deleted")).data).toEqual({ ...common, uuid });
  const kinds = listener.kinds();
  const isNews = (kind: string) => kind === "task.progress" || kind === "task.metrics";
  expect(kinds.filter((kind) => !isNews(kind))).toEqual([
    "task.queued",
    "cluster.mode",
    "task.active",
    "task.ended",
    "task.deleted",
  ]);
  // Nothing of the progress is held back until after the end.
  expect(kinds.findLastIndex(isNews)).toBeLessThan(kinds.indexOf("task.ended"));
  const last = (news: string) => listener.heard.findLast(({ kind }) => kind === news)?.data;
  expect(last("task.progress")?.["current_cycle"]).toBe(10_000);
  expect(last("task.metrics")).toMatchObject({ ...common, uuid, point: { cycle: 10_000 } });
});

test("clusters, datasets, checkpoints, uploads and hosts are told", async () => {
  const listener = await listenTo(app);
  const uuid = await newCluster();
  expect((await listener.first("cluster.created")).data).toMatchObject({
    uuid,
    name: `cluster ${names}`,
    mode: "TASK",
  });
  const saved = await app.request("POST", "/cluster/save", { body: { name: "saved", cluster_uuid: uuid } });
  const { uuid: checkpoint } = saved.json<{ uuid: string }>();
  expect((await listener.first("checkpoint.created")).data).toMatchObject({ uuid: checkpoint, name: "saved" });
  expect((await listener.first("cluster.saved")).data).toMatchObject({ uuid, checkpoint_uuid: checkpoint });
  await listener.first("task.ended");
  await app.request("DELETE", "/checkpoint", { query: { uuid: checkpoint } });
  expect((await listener.first("checkpoint.deleted")).data).toMatchObject({ uuid: checkpoint });

  const text = Buffer.from("a,b\n1,2\n3,4\n");
  const upload = await announceCsv(app, text.length);
  expect((await listener.first("dataset.created")).data).toMatchObject({ uuid: upload.uuid, state: "uploading" });
  await sendFile(url, app.token, upload.uuid_input_file, text);
  expect((await listener.first("upload.progress")).data).toMatchObject({ uuid: upload.uuid, uploaded: 1 });
  const { uuid: announced, uuid_input_file } = upload;
  (await app.request("PUT", "/dataset/upload/csv", { body: { uuid: announced, uuid_input_file } })).json();
  const { data } = await listener.first("dataset.ready");
  expect(data).toMatchObject({ uuid: upload.uuid, type: "csv", state: "ready", owner_id: adminId });
  await app.request("DELETE", "/dataset", { query: { uuid: upload.uuid } });
  expect((await listener.first("dataset.deleted")).data).toMatchObject({ uuid: upload.uuid });

  const task = await app.request("POST", "/task/request", { body: requestBody(uuid, dataset) });
  const result = task.json<{ uuid: string }>().uuid;
  const ofResult = () => listener.heard.filter((event) => event.data["uuid"] === result).map(({ kind }) => kind);
  await expect.poll(ofResult, { interval: 2 }).toContain("task.ended");
  const kinds = ofResult().filter((kind) => kind !== "task.progress");
  expect(kinds).toEqual(["task.queued", "dataset.created", "task.active", "dataset.ready", "task.ended"]);

  const hosts = (await app.request("GET", "/host/all")).json<{ header: string[] }>();
  const host = (await listener.first("host.load")).data;
  expect(Object.keys(host).sort()).toEqual([...hosts.header, "timestamp_ms"].sort());
});

test("a deleted cluster ends its tasks, and a forced deletion of a project tells of all that it removes", async () => {
  await app.request("POST", "/project", { body: { id: "doomed", name: "doomed" } });
  const token = await app.addUser({ id: "doomed_user", projectId: "doomed" });
  const cluster = await newCluster(token);
  await setMode(cluster, "DIRECT", token);
  const rows = await makeDataset(app.app, { rows: 4, owner: { owner_id: "doomed_user", project_id: "doomed" } });
  const body = trainBody(cluster, rows);
  const task = (await app.request("POST", "/task/train", { token, body })).json<{ uuid: string }>().uuid;
  const listener = await listenTo(app, { query: { task_uuid: task.toUpperCase() } });
  const all = await listenTo(app);
  await app.request("DELETE", "/project", { query: { id: "doomed", force: "true" } });
  await listener.first("cluster.deleted");
  expect(listener.kinds()).toEqual(["task.deleted", "cluster.deleted"]);
  await all.first("dataset.deleted");
  expect(all.kinds()).toEqual(["task.deleted", "cluster.deleted", "dataset.deleted"]);
});

test("users hear of their own, project administrators of their project, administrators of everything", async () => {
  const tokens = {
    owner: await app.addUser({ id: "hear_owner", projectId: "hear_first" }),
    colleague: await app.addUser({ id: "hear_colleague", projectId: "hear_first" }),
    chief: await app.addUser({ id: "hear_chief", projectId: "hear_first", isProjectAdmin: true }),
    stranger: await app.addUser({ id: "hear_stranger", projectId: "hear_second", isProjectAdmin: true }),
    admin: app.token,
  };
  const listeners = new Map<string, Listener>();
  for (const [who, token] of Object.entries(tokens)) {
    listeners.set(who, await listenTo(app, { token, query: { kind: "cluster,task,dataset.ready,checkpoint" } }));
  }
  const made = {
    owner: await newCluster(tokens.owner),
    colleague: await newCluster(tokens.colleague),
    stranger: await newCluster(tokens.stranger),
    admin: await newCluster(),
  };
  // A task belongs to those who see its cluster, no matter who queues it.
  const rows = await makeDataset(app.app, { rows: 4 });
  const { uuid: task } = await startTrain(app, made.owner, rows);
  await untilTask(app, made.owner, task, ({ state }) => state === "finished");
  const expected: Record<string, string[]> = {
    owner: [made.owner],
    colleague: [made.colleague],
    chief: [made.owner, made.colleague],
    stranger: [made.stranger],
    admin: Object.values(made),
  };
  for (const [who, listener] of listeners) {
    const seesTask = ["owner", "chief", "admin"].includes(who);
    if (seesTask) await listener.first("task.ended");
    const created = listener.heard.filter(({ kind }) => kind === "cluster.created").map(({ data }) => data["uuid"]);
    expect([who, created]).toEqual([who, expected[who]]);
    expect([who, listener.kinds().some((kind) => kind.startsWith("task."))]).toEqual([who, seesTask]);
  }
});

test("what is undone is not told, and what is told is committed", async () => {
  const listener = await listenTo(app, { query: { kind: "cluster" } });
  const uuid = await newCluster();
  const { db, events } = app.app;
  const undone = db.transaction(async (tx) => {
    const [row] = await tx.select().from(clusters).where(eq(clusters.uuid, uuid));
    events.publishWith(tx, { kind: "cluster.deleted", data: { uuid }, owner: row!, cluster: uuid });
    throw new Error("undone");
  });
  await expect(undone).rejects.toThrow("undone");
  // Refused after the name was found to be taken.
  expect((await app.request("POST", "/cluster", { body: { name: `cluster ${names}`, template: "" } })).status).toBe(
    409,
  );
  publish("cluster.score", uuid);
  await listener.first("cluster.score");
  expect(listener.kinds()).toEqual(["cluster.created", "cluster.score"]);
  const lost = Object.assign(new Error("gone"), { code: "CONNECTION_CLOSED" });
  await expect(
    db.transaction(async (tx) => {
      events.publishWith(tx);
      throw lost;
    }),
  ).rejects.toThrow("gone");
  await listener.first("stream.reset");
});

test("filters choose kinds and groups, and are refused if unknown", async () => {
  const [one, two] = [await newCluster(), await newCluster()];
  const grouped = await listenTo(app, { query: { kind: "cluster.mode,dataset" } });
  const ofTwo = await listenTo(app, { query: { cluster_uuid: two.toUpperCase() } });
  for (const uuid of [one, two]) for (const kind of ["cluster.mode", "cluster.score"] as const) publish(kind, uuid);
  publish("dataset.ready", "some dataset");
  await grouped.first("dataset.ready");
  await ofTwo.first("cluster.score");
  expect(grouped.kinds()).toEqual(["cluster.mode", "cluster.mode", "dataset.ready"]);
  expect(uuidsOf(ofTwo)).toEqual([two, two]);
  const ask = (query: Record<string, string>) => app.request("GET", "/events", { query });
  expect(await ask({ kind: "task.nothing" })).toMatchObject({
    status: 400,
    text: "There are no events of the kind 'task.nothing'.",
  });
  for (const kind of ["task,", ",", "tas", "stream.reset"]) expect((await ask({ kind })).status).toBe(400);
  const unknown = crypto.randomUUID();
  expect(await ask({ cluster_uuid: unknown })).toMatchObject({ status: 404 });
  expect(await ask({ task_uuid: unknown })).toMatchObject({
    status: 404,
    text: `Task with UUID '${unknown}' not found`,
  });
  expect((await ask({ kind: EVENT_KINDS.join(",").slice(0, 254) })).status).toBe(400);
});

test("a client that comes back gets each event exactly once, and a reset when some are gone", async () => {
  const uuid = await newCluster();
  const query = { cluster_uuid: uuid };
  let next = 0;
  const heard: unknown[] = [];
  let lastEventId: string | undefined;
  for (let round = 0; round < 5; round++) {
    const listener = await listenTo(app, { url, query, ...(lastEventId === undefined ? {} : { lastEventId }) });
    publish("cluster.score", `${next++}`);
    app.app.events.publish({ kind: "cluster.mode", data: { n: next++ }, owner: null, cluster: uuid });
    await listener.first("cluster.mode");
    lastEventId = listener.lastId();
    heard.push(...listener.heard.map(({ data }) => data["n"]));
    await listener.close();
    app.app.events.publish({ kind: "cluster.mode", data: { n: next++ }, owner: null, cluster: uuid });
  }
  const last = await listenTo(app, { query, lastEventId: lastEventId! });
  await last.first("cluster.mode");
  heard.push(...last.heard.map(({ data }) => data["n"]));
  expect(heard).toEqual(Array.from({ length: 15 }, (_, n) => n).filter((n) => n % 3 !== 0));
  for (const id of [`${lastEventId!.split("-")[0]}-999999`, "another-1", "nonsense", ""]) {
    const other = await listenTo(app, { query, lastEventId: id });
    await other.first("stream.reset");
    expect(other.kinds()).toEqual(["stream.reset"]);
    await other.close();
  }
});

test("a hundred clients listen to one busy task, and a client that reads nothing harms nobody", async () => {
  const cluster_uuid = await newCluster();
  const { hostname, port } = new URL(url);
  const stalled = connect(Number(port), hostname).pause();
  onTestFinished(() => void stalled.destroy());
  stalled.write(`GET /v1.0alpha/events HTTP/1.1\r\nHost: x\r\nX-Auth-Token: ${app.token}\r\n\r\n`);
  await expect.poll(() => app.app.connections.count(), { interval: 2 }).toBe(1);
  const listeners = await Promise.all(
    Array.from({ length: 100 }, () => listenTo(app, { url, query: { cluster_uuid } })),
  );
  const { uuid } = await startTrain(app, cluster_uuid, dataset, { epochs: 200 });
  const padding = "x".repeat(100_000);
  // More than the ring and the buffers of the stalled client's connection hold.
  for (let n = 0; n < 400; n++) {
    app.app.events.publish({ kind: "host.load", data: { padding }, owner: null });
    if (n % 20 === 0) await untilTask(app, cluster_uuid, uuid, () => true);
  }
  for (const listener of listeners) {
    await listener.first("task.ended");
    expect(listener.kinds()).not.toContain("stream.reset");
    expect(listener.kinds().slice(0, 2)).toEqual(["task.queued", "task.active"]);
  }
  let seen = "";
  stalled.setEncoding("utf8").on("data", (text: string) => (seen = (seen + text).slice(-300_000)));
  stalled.resume();
  await expect.poll(() => seen, { interval: 5 }).toContain("stream.reset");
  publish("cluster.mode", "after the reset");
  await expect.poll(() => seen, { interval: 5 }).toContain("after the reset");
  stalled.destroy();
  await Promise.all(listeners.map((listener) => listener.close()));
  await expect.poll(() => app.app.connections.count(), { interval: 2 }).toBe(0);
});

test("a stream ends with the user, the assignment and the project", async () => {
  await app.request("POST", "/project", { body: { id: "ends_three", name: "some project" } });
  const ends: [string, string, () => Promise<unknown>][] = [
    ["ends_user", "ends_one", () => app.request("DELETE", "/user", { query: { id: "ends_user" } })],
    [
      "ends_assignment",
      "ends_two",
      () => app.request("DELETE", "/user/project", { query: { id: "ends_assignment", project_id: "ends_two" } }),
    ],
    ["ends_project", "ends_three", () => app.request("DELETE", "/project", { query: { id: "ends_three" } })],
  ];
  for (const [id, projectId, end] of ends) {
    const token = await app.addUser({ id, projectId });
    const listener = await listenTo(app, { token });
    await end();
    await listener.ended;
    expect((await app.request("GET", "/events", { token })).status).toBe(401);
  }
});

test("a stream ends at the moment when its token expires", async () => {
  const { tokenKeys } = app.app;
  const token = await signToken(tokenKeys, await readToken(tokenKeys, app.token), 2);
  const listener = await listenTo(app, { token, url });
  await listener.ended;
  expect(Date.now()).toBeGreaterThanOrEqual(tokenEndMs(token));
  expect(Date.now()).toBeLessThan(tokenEndMs(token) + 5000);
  expect((await app.request("GET", "/events", { token })).text).toContain("token expired");
});

test("users, projects and all together take shares of the connections, and a server that stops ends all streams", async () => {
  const { limits } = app.app.config;
  const own = await createTestApp({ config: { limits: { ...limits, connections: 32 } } });
  onTestFinished(() => own.close());
  const { url: address } = await own.server.listen();
  const members = [];
  for (const id of ["first", "second", "third"]) members.push(await own.addUser({ id, projectId: "mine" }));
  const ask = async (token: string) => {
    const { status, text, headers } = await own.request("GET", "/events", { token });
    return [status, text, headers.get("retry-after")];
  };
  const refused = [409, "Too many clients listen to events.", "5"];
  const [one, two, three] = members as [string, string, string];
  const last = await listenTo(own, { token: one, url: address });
  await listenTo(own, { token: one });
  expect(await ask(one)).toEqual(refused);
  await listenTo(own, { token: two });
  await listenTo(own, { token: two });
  expect(await ask(three)).toEqual(refused);
  expect(own.app.connections.count()).toBe(4);
  expect(await ask(own.token)).toEqual([200, "", null]);
  await own.server.close();
  await last.ended;
});

test("a stream needs a token in the header, and a broken connection frees its place", async () => {
  const answer = await fetch(`${url}/v1.0alpha/events?token=${app.token}`);
  expect(answer.status).toBe(401);
  await expect.poll(() => app.app.connections.count(), { interval: 2 }).toBe(0);
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(`GET /v1.0alpha/events HTTP/1.1\r\nHost: x\r\nX-Auth-Token: ${app.token}\r\n\r\n`);
  await once(socket, "data");
  expect(app.app.connections.count()).toBe(1);
  socket.resetAndDestroy();
  await expect.poll(() => app.app.connections.count(), { interval: 2 }).toBe(0);
});
