/** Clusters that move between the CPU and the GPU of a real server while they work. */
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import { clusterProcessType, encodeClusterIO, targetBufferType } from "../../src/api/websocket/protobuf.ts";
import {
  getTask,
  makeCluster,
  makeDataset,
  oneHot,
  pixel,
  startRequest,
  startTrain,
  untilFinished,
  untilTask,
} from "../support/compute.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

/** The software device is slow where other work goes on. */
vi.setConfig({ testTimeout: 300_000 });

const rows = 160;
const epochs = 6;
/** Steps of 16 give every slice several places to stop. */
const options = { epochs, batch_size: 16 };

let app: TestApp;
let dataset: string;
let tested: string;
let cpu: string;
let gpu: string;

beforeAll(async () => {
  app = await createTestApp({ config: { softwareGpu: true } });
  dataset = await makeDataset(app.app, { rows });
  tested = await makeDataset(app.app, { rows: 200 });
  const hosts = app.app.hosts.list();
  cpu = hosts.find(({ type }) => type === "cpu")!.uuid;
  gpu = hosts.find(({ type }) => type === "gpu")!.uuid;
});
afterAll(() => app.close());

const move = (cluster_uuid: string, host_uuid: string) =>
  app.request("PUT", "/cluster/switch_host", { body: { cluster_uuid, host_uuid } });

const cyclesOf = async (uuid: string) =>
  (await app.request("GET", "/cluster", { query: { uuid } })).json<{ number_of_cycles: number }>().number_of_cycles;

/** Percent of the test rows for which the cluster shows the right label. */
async function accuracyOf(cluster: string): Promise<number> {
  const task = await startRequest(app, cluster, tested);
  await untilFinished(app, cluster, task.uuid);
  const query = { uuid: task.uuid, reference_uuid: tested };
  return (await app.request("GET", "/dataset/check", { query })).json<{ accuracy: number }>().accuracy;
}

/** The processes of GPU hosts that this test run has started. */
function gpuProcesses(): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      const parent = Number(/\) \S (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1]);
      return parent === process.pid && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("gpu-process.js");
    } catch {
      return false;
    }
  });
}

test("a server with a software GPU lists it after the CPU, under a uuid that stays", async () => {
  const list = async () => (await app.request("GET", "/host/all")).json<{ body: unknown[][] }>().body;
  const before = await list();
  expect(before.map(([uuid, type]) => [uuid, type])).toEqual([
    [cpu, "cpu"],
    [gpu, "gpu"],
  ]);
  await app.restart();
  expect((await list()).map(([uuid]) => uuid)).toEqual([cpu, gpu]);
});

test("a cluster that moves at many points of a training learns what one that stays learns", async () => {
  const stays = await makeCluster(app, { name: "stays" });
  const stayed = await startTrain(app, stays, dataset, options);
  await untilFinished(app, stays, stayed.uuid);

  // Only the GPU keeps the rows; wherever it is, the cluster learns the same ones.
  const slices = app.app.hosts.list().map((host) => ({ host, train: vi.spyOn(host, "train") }));
  onTestFinished(() => slices.forEach(({ train }) => train.mockRestore()));
  const moves = await makeCluster(app, { name: "moves" });
  const task = await startTrain(app, moves, dataset, options);
  let target = gpu;
  let moved = 0;
  let isOver = false;
  while (!isOver) {
    const answer = await move(moves, target);
    expect(answer.status).toBe(200);
    target = target === gpu ? cpu : gpu;
    moved += 1;
    const seen = (await getTask(app, moves, task.uuid)).current_cycle;
    const { state } = await untilTask(
      app,
      moves,
      task.uuid,
      ({ state: now, current_cycle }) => now === "finished" || current_cycle > seen,
    );
    isOver = state === "finished";
  }
  expect(moved).toBeGreaterThan(2);
  expect(await getTask(app, moves, task.uuid)).toMatchObject({ state: "finished", current_cycle: rows * epochs });
  for (const { host, train } of slices) {
    const withRows = train.mock.calls.filter(([, { inputs }]) => inputs.length > 0);
    const fromTable = train.mock.calls.filter(([, { table }]) => table !== undefined);
    expect(withRows.length + fromTable.length).toBe(train.mock.calls.length);
    expect(host.type === "gpu" ? fromTable.length : withRows.length).toBeGreaterThan(0);
  }
  // Nothing was trained twice or skipped.
  expect(await cyclesOf(moves)).toBe(rows * epochs);
  expect(Math.abs((await accuracyOf(moves)) - (await accuracyOf(stays)))).toBeLessThan(5);
});

test("a training on a GPU whose process is killed goes on from the snapshot", async () => {
  const cluster = await makeCluster(app, { name: "killed", host_uuid: gpu });
  const task = await startTrain(app, cluster, dataset, { ...options, epochs: 5 });
  await untilTask(app, cluster, task.uuid, ({ current_cycle }) => current_cycle > 0);
  const pids = gpuProcesses();
  expect(pids).toHaveLength(1);
  process.kill(pids[0]!, "SIGKILL");
  await untilFinished(app, cluster, task.uuid);
  expect(await cyclesOf(cluster)).toBe(rows * 5);
  expect(gpuProcesses()).not.toEqual(pids);
});

test("an open socket follows its cluster to the GPU and back", async () => {
  const cluster = await makeCluster(app, { name: "direct" });
  (await app.request("PUT", "/cluster/set_mode", { body: { uuid: cluster, new_state: "DIRECT" } })).json();
  const { url } = await app.server.listen();
  const socket = new WebSocket(url.replace("http", "ws"));
  onTestFinished(() => socket.terminate());
  await once(socket, "open");
  const ask = async (message: string | Uint8Array) => {
    const answer = once(socket, "message");
    socket.send(message);
    return String((await answer)[0]);
  };
  expect(await ask(JSON.stringify({ token: app.token, target: "cluster", uuid: cluster }))).toContain("true");
  let trained = 0;
  for (const target of [gpu, cpu, gpu]) {
    for (let row = trained; row < trained + 10; row++) {
      const base = { processType: clusterProcessType.train };
      const values = (width: number, cell: typeof pixel) =>
        Float32Array.from({ length: width }, (_, i) => cell(row, i));
      const picture = { ...base, bufferName: "picture_hex", targetBufferType: targetBufferType.input };
      const label = { ...base, bufferName: "label_hex", targetBufferType: targetBufferType.expected, isLast: true };
      await ask(encodeClusterIO({ ...picture, values: values(16, pixel) }));
      await ask(encodeClusterIO({ ...label, values: values(8, oneHot) }));
    }
    trained += 10;
    expect((await move(cluster, target)).status).toBe(200);
    expect(await cyclesOf(cluster)).toBe(trained);
  }
  expect(socket.readyState).toBe(WebSocket.OPEN);
});

test("an unknown host is refused, and the cluster stays", async () => {
  const cluster = await makeCluster(app, { name: "refused" });
  const nowhere = "00000000-0000-4000-8000-000000000000";
  expect((await move(cluster, nowhere)).status).toBe(404);
  expect((await move(cluster, gpu)).status).toBe(200);
  expect((await move(cluster, gpu)).status).toBe(200);
});
