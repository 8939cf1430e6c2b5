import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sql } from "drizzle-orm";
import { WebSocket } from "ws";
import { announceCsv } from "../api/dataset-support.ts";
import { makeCluster, makeDataset, trainBody, untilTask } from "../support/compute.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";
import { MemoryLog } from "../support/memory-log.ts";

const log = new MemoryLog();
let app: TestApp;
let url: string;
beforeAll(async () => {
  app = await createTestApp({ log, config: { logLevel: "debug" } });
  ({ url } = await app.server.listen());
});
afterAll(() => app.close());

test("log lines of a request have the id of its answer", async () => {
  const { headers } = await app.request("GET", "/host/all");
  const id = headers.get("x-request-id");
  expect(log.entries().filter(({ requestId }) => requestId === id)).toEqual([
    expect.objectContaining({ msg: "request", user: "asdf", method: "GET", path: "/v1.0alpha/host/all", status: 200 }),
  ]);
  // A client cannot choose the id.
  const chosen = await fetch(`${url}/health`, { headers: { "X-Request-Id": "chosen" } });
  expect(chosen.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
});

test("a defect has it in the log and the error log", async () => {
  await app.app.db.execute(sql`alter table clusters rename column name to names`);
  const failed = await app.request("GET", "/cluster/all");
  await app.app.db.execute(sql`alter table clusters rename column names to name`);
  expect([failed.status, failed.text]).toEqual([500, ""]);
  const id = failed.headers.get("x-request-id");
  expect(log.entries().filter(({ requestId }) => requestId === id)).toMatchObject([
    { level: 50, component: "api", err: { stack: expect.stringContaining("column clusters.name does not exist") } },
    { msg: "request", status: 500 },
  ]);
  const { body } = (await app.request("GET", "/error_log?page=0")).json<{ body: string[][] }>();
  expect(body.map((row) => row[3])).toEqual([`GET /v1.0alpha/cluster/all, request ${id}`]);
});

test("messages of a websocket are numbered under the id of its handshake", async () => {
  const { uuid_input_file } = await announceCsv(app, 10);
  const socket = new WebSocket(url.replace("http", "ws"));
  await once(socket, "open");
  const ask = async (message: string | Uint8Array) => {
    const answer = once(socket, "message");
    socket.send(message);
    return String((await answer)[0]);
  };
  const { uuid } = JSON.parse(
    await ask(JSON.stringify({ token: app.token, target: "file_upload", uuid: uuid_input_file })),
  ) as { uuid: string };
  await ask(Buffer.from([8, 100, 18, 1, 1]));
  await ask(Buffer.from("nonsense"));
  socket.close();
  const own = () => log.entries().filter(({ connectionId }) => connectionId === uuid);
  await expect.poll(() => own().filter(({ msg }) => msg === "message").length).toBe(3);
  expect(own().filter(({ msg }) => msg === "message")).toMatchObject(
    [1, 2, 3].map((number) => ({ requestId: `${uuid}/${number}`, target: "file_upload", user: "asdf" })),
  );
  expect(own()).toContainEqual(
    expect.objectContaining({ tempfile: uuid_input_file, msg: "a piece of an upload was refused" }),
  );
});

test("the line of a queued task links its request to all later lines, also among other users' tasks", async () => {
  const [cluster, dataset] = [await makeCluster(app), await makeDataset(app.app, { rows: 10 })];
  const made = [];
  for (const more of [{}, {}, { time_length: 3 }]) {
    const answer = await app.request("POST", "/task/train", { body: trainBody(cluster, dataset, more) });
    made.push({ id: answer.headers.get("x-request-id"), uuid: answer.json<{ uuid: string }>().uuid });
  }
  for (const { uuid } of made) await untilTask(app, cluster, uuid, ({ state }) => state === "finished");
  for (const { id, uuid } of made) {
    const ofTask = () => log.entries().filter(({ task }) => task === uuid);
    await expect.poll(() => ofTask().at(-1)?.["msg"]).toBe("task over");
    expect(ofTask()).toMatchObject([
      { msg: "task queued", requestId: id, kind: "train", cluster, user: "asdf" },
      { msg: "task over", kind: "train", cluster },
    ]);
    expect(ofTask().at(-1)).not.toHaveProperty("requestId");
  }
});

test("a failed task logs the reason", async () => {
  const [cluster, dataset] = [
    await makeCluster(app, { name: "another one" }),
    await makeDataset(app.app, { rows: 10 }),
  ];
  await app.request("PUT", "/cluster/set_mode", { body: { uuid: cluster, new_state: "DIRECT" } });
  const { uuid } = (await app.request("POST", "/task/train", { body: trainBody(cluster, dataset) })).json<{
    uuid: string;
  }>();
  await app.request("DELETE", "/dataset", { query: { uuid: dataset } });
  await app.request("PUT", "/cluster/set_mode", { body: { uuid: cluster, new_state: "TASK" } });
  const { error_message } = await untilTask(app, cluster, uuid, ({ state }) => state === "failed");
  const entry = log.entries().find(({ task, msg }) => task === uuid && msg === "task failed");
  expect(entry).toMatchObject({ kind: "train", reason: error_message });
});
