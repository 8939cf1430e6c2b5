import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { sql } from "drizzle-orm";
import { WebSocket } from "ws";
import { authenticate } from "../../src/accounts/authenticate.ts";
import { decodeClusterIO, encodeClusterIO, targetBufferType } from "../../src/api/websocket/protobuf.ts";
import { ClusterCycles } from "../../src/metrics/cluster-cycles.ts";
import { paths } from "../../src/files/paths.ts";
import { announceCsv, openUpload, uploadCsv } from "../api/dataset-support.ts";
import { makeCluster, makeDataset, startRequest, startTrain, untilFinished } from "../support/compute.ts";
import { parsePrometheus, type Family } from "../support/prometheus.ts";
import { adminId, createTestApp, type TestApp } from "../support/test-app.ts";

// Several servers or programs start, which is slow on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const metricsToken = "a-token-for-prometheus";

let app: TestApp;
let url: string;
let cluster: string;
beforeAll(async () => {
  app = await createTestApp({ config: { metricsToken } });
  ({ url } = await app.server.listen());
  app.app.metrics.watchProcess();
  // Some of everything.
  cluster = await makeCluster(app, { name: "secret cluster" });
  const dataset = await makeDataset(app.app, { rows: 40 });
  await untilFinished(app, cluster, (await startTrain(app, cluster, dataset)).uuid);
  await untilFinished(app, cluster, (await startRequest(app, cluster, dataset)).uuid);
  for (const path of ["/nowhere", "/host/all?wrong=1", "/../x", "/token"]) await fetch(`${url}/v1.0alpha${path}`);
  await app.request("PATCH", "/host/all");
});
afterAll(() => app.close());

async function scrape(token = metricsToken): Promise<Map<string, Family>> {
  const response = await fetch(`${url}/metrics`, { headers: { Authorization: `Bearer ${token}` } });
  expect([response.status, response.headers.get("content-type")]).toEqual([
    200,
    "text/plain; version=0.0.4; charset=utf-8",
  ]);
  return parsePrometheus(await response.text());
}

/** The only value with these labels among others. */
function value(families: Map<string, Family>, name: string, labels: Record<string, string> = {}): number {
  const samples = [...families.values()].flatMap((family) => family.samples);
  const found = samples.filter(
    (sample) => sample.name === name && Object.entries(labels).every(([key, text]) => sample.labels[key] === text),
  );
  expect([name, labels, found.length]).toEqual([name, labels, 1]);
  return (found[0] as (typeof found)[0]).value;
}

const onCpu = { host: "0", type: "cpu" };

test("hosts, queues, cycles, growth, tasks, API, websockets, uploads and the process", async () => {
  await uploadCsv(app, url, "secret,b\n1,2\n");
  const families = await scrape();
  expect(value(families, "hanami_host_up", onCpu)).toBe(1);
  expect(value(families, "hanami_host_clusters", onCpu)).toBe(1);
  expect(value(families, "hanami_host_memory_free_bytes", onCpu)).toBeGreaterThan(0);
  expect(value(families, "hanami_cycles_total", { ...onCpu, kind: "train" })).toBe(40);
  expect(value(families, "hanami_cycles_total", { ...onCpu, kind: "request" })).toBe(40);
  expect(value(families, "hanami_compute_seconds_total", { ...onCpu, kind: "train" })).toBeGreaterThan(0);
  expect(value(families, "hanami_network_sections", onCpu)).toBeGreaterThan(0);
  const { number_of_sections } = (await app.request("GET", "/cluster", { query: { uuid: cluster } })).json();
  expect(value(families, "hanami_network_sections", onCpu)).toBe(number_of_sections);
  expect(value(families, "hanami_network_synapses", onCpu)).toBeGreaterThan(0);
  expect(value(families, "hanami_tasks", { state: "finished" })).toBe(2);
  expect(value(families, "hanami_tasks_ended_total", { kind: "train", outcome: "ok" })).toBe(1);
  expect(value(families, "hanami_tasks_ended_total", { kind: "train", outcome: "failed" })).toBe(0);
  expect(value(families, "hanami_clusters")).toBe(1);
  expect(value(families, "hanami_datasets")).toBe(3);
  expect(value(families, "hanami_upload_bytes_total")).toBe(Buffer.byteLength("secret,b\n1,2\n"));
  expect(value(families, "hanami_http_requests_total", { route: "/task/train", method: "POST", status: "200" })).toBe(
    1,
  );
  expect(value(families, "hanami_http_requests_total", { route: "none", method: "other", status: "400" })).toBe(1);
  expect(value(families, "hanami_http_request_duration_seconds_count", { route: "/task/train" })).toBe(1);
  expect(value(families, "hanami_websocket_message_duration_seconds_count", { target: "file_upload" })).toBe(2);
  expect(value(families, "process_resident_memory_bytes")).toBeGreaterThan(1e7);
  expect(value(families, "nodejs_eventloop_lag_p99_seconds")).toBeGreaterThanOrEqual(0);
});

test("queues: their lengths and waiting times", async () => {
  await app.request("PUT", "/cluster/set_mode", { body: { uuid: cluster, new_state: "DIRECT" } });
  const dataset = await makeDataset(app.app, { rows: 4 });
  for (let count = 0; count < 3; count++) await startTrain(app, cluster, dataset);
  const families = await scrape();
  expect(value(families, "hanami_queue_tasks", onCpu)).toBe(3);
  expect(value(families, "hanami_queue_clusters", onCpu)).toBe(1);
  const seconds = value(families, "hanami_queue_oldest_seconds", onCpu);
  expect(seconds).toBeGreaterThan(0);
  await expect.poll(async () => value(await scrape(), "hanami_queue_oldest_seconds", onCpu)).toBeGreaterThan(seconds);

  // Cycles of direct IO count, too, and so does the socket.
  const socket = new WebSocket(url.replace("http", "ws"));
  await once(socket, "open");
  const ask = async (message: string | Uint8Array) => {
    const answer = once(socket, "message");
    socket.send(message);
    return (await answer)[0] as Buffer;
  };
  await ask(JSON.stringify({ token: app.token, target: "cluster", uuid: cluster }));
  const values = new Float32Array(16).fill(1);
  const message = { bufferName: "picture_hex", isLast: true, processType: 0, targetBufferType: targetBufferType.input };
  expect(decodeClusterIO(await ask(encodeClusterIO({ ...message, values })))?.bufferName).toBe("label_hex");
  const during = await scrape();
  expect(value(during, "hanami_websockets", { target: "cluster" })).toBe(1);
  expect(value(during, "hanami_cycles_total", { ...onCpu, kind: "request" })).toBe(41);
  socket.close();
  await expect.poll(async () => (await scrape()).get("hanami_websockets")?.samples).toEqual([]);

  await app.request("PUT", "/cluster/set_mode", { body: { uuid: cluster, new_state: "TASK" } });
  await expect.poll(async () => value(await scrape(), "hanami_queue_tasks", onCpu), { timeout: 20_000 }).toBe(0);
  expect(value(await scrape(), "hanami_queue_oldest_seconds", onCpu)).toBe(0);
});

test("while the database does not answer, the other figures are still there", async () => {
  expect(value(await scrape(), "hanami_database_up")).toBe(1);
  await app.app.db.execute(sql`alter table tasks rename column queued_at to queued`);
  const families = await scrape();
  await app.app.db.execute(sql`alter table tasks rename column queued to queued_at`);
  expect(value(families, "hanami_database_up")).toBe(0);
  expect(value(families, "hanami_host_up", onCpu)).toBe(1);
  for (const name of ["hanami_tasks", "hanami_queue_tasks", "hanami_clusters"])
    expect(families.get(name)?.samples).toEqual([]);
  expect(value(await scrape(), "hanami_queue_tasks", onCpu)).toBe(0);
});

test("refusals by limits are counted", async () => {
  const { uuid_input_file } = await announceCsv(app, 10);
  const max = app.app.config.limits.socketsPerUser;
  const { userUuid } = await authenticate(app.app, app.token);
  const others = Array.from({ length: max }, () => ({
    userId: adminId,
    userUuid,
    projectId: "",
    keyUuid: undefined,
    kind: "socket" as const,
    target: "cluster",
    end: () => {},
  }));
  for (const other of others) app.app.connections.add(other, { user: max });
  await expect(openUpload(url, app.token, uuid_input_file)).rejects.toThrow("open connections");
  for (const other of others) app.app.connections.remove(other);
  const families = await scrape();
  expect(value(families, "hanami_limit_refusals_total", { limit: "sockets" })).toBe(1);
  expect(value(families, "hanami_limit_refusals_total", { limit: "logins" })).toBe(0);
});

describe("access", () => {
  test("with a token set, any client that knows it reads the metrics from anywhere, with clusters by uuid", async () => {
    for (const header of [undefined, "Bearer wrong", metricsToken, `bearer ${metricsToken}`, "Bearer "]) {
      const response = await fetch(`${url}/metrics`, {
        headers: header === undefined ? {} : { Authorization: header },
      });
      expect([header, response.status, await response.text()]).toEqual([
        header,
        401,
        expect.not.stringContaining("# TYPE"),
      ]);
    }
    expect(value(await scrape(), "hanami_cluster_cycles_total", { cluster, kind: "train" })).toBeGreaterThanOrEqual(40);
  });

  test("without a token this machine, which sees no resources; other machines see nothing", async () => {
    const open = await createTestApp({ config: { host: "0.0.0.0" } });
    const { port } = new URL((await open.server.listen()).url);
    const name = "secret cluster";
    const dataset = await makeDataset(open.app, { rows: 4 });
    const made = await makeCluster(open, { name });
    await untilFinished(open, made, (await startTrain(open, made, dataset)).uuid);
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(value(parsePrometheus(text), "hanami_cycles_total", onCpu)).toBe(4);
    for (const secret of [adminId, name, open.dataDir, made, dataset, "generated"]) expect(text).not.toContain(secret);
    expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);

    const outside = Object.values(networkInterfaces())
      .flat()
      .find((address) => address?.family === "IPv4" && !address.internal);
    if (outside !== undefined) {
      const response = await fetch(`http://${outside.address}:${port}/metrics`);
      expect([response.status, (await response.text()).split("\n").length]).toEqual([401, 2]);
      expect((await fetch(`http://${outside.address}:${port}/health`)).status).toBe(200);
    }
    await open.close();
  });
});

test("the number of series stays small, whatever clients send", async () => {
  const series = async () => [...(await scrape()).values()].reduce((sum, { samples }) => sum + samples.length, 0);
  await app.request("GET", "/nothing0");
  const before = await series();
  for (let count = 0; count < 50; count++) {
    await app.request("GET", `/nothing${count}`);
    await app.request("GET", "/dataset", { query: { [`key${count}`]: count } });
    await app.request(`METHOD${count}`, "/dataset");
  }
  // Only GET /dataset 400 and its histogram may be new.
  expect(await series()).toBeLessThan(before + 40);

  const cycles = new ClusterCycles();
  for (let count = 0; count < 1000; count++) cycles.add(`cluster${count}`, "train", 1);
  const [family] = parsePrometheus(cycles.text()).values();
  expect(family?.samples).toHaveLength(200);
  expect(family?.samples.at(-1)?.labels).toEqual({ cluster: "cluster999", kind: "request" });
});

test("health and readiness need no token", async () => {
  const get = async (path: string) => {
    const response = await fetch(url + path);
    expect(response.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    return { status: response.status, text: await response.text() };
  };
  expect(await get("/health")).toEqual({ status: 200, text: "ok\n" });
  expect(await get("/ready")).toEqual({ status: 200, text: "ready\n" });
});

test("every documented metric exists", async () => {
  const operating = await readFile(join(paths.root, "docs/operating.md"), "utf8");
  const named = new Set(operating.match(/\b(hanami|process|nodejs)_[a-z0-9_]+\b/g));
  const families = await scrape();
  for (const name of named) {
    const family = name.replace(/_(bucket|count|sum)$/, "");
    expect([name, families.has(name) || families.has(family)]).toEqual([name, true]);
  }
  for (const name of families.keys())
    if (name.startsWith("hanami_")) expect([name, named.has(name)]).toEqual([name, true]);
});
