/** Clusters that move between the CPU and the GPU of a real server while they work. */
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { HanamiClient } from "hanami-sdk";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import { clusterProcessType, encodeClusterIO, targetBufferType } from "../../src/api/websocket/protobuf.ts";
import { drawDigits } from "../../scripts/demo/digits.ts";
import {
  type Cell,
  getTask,
  makeCluster,
  makeDataset,
  oneHot,
  pixel,
  smallTemplate,
  startRequest,
  startTrain,
  stateOf,
  untilFinished,
  untilTask,
} from "../support/compute.ts";
import { count } from "../../src/network/state.ts";
import { restoreState } from "../../src/network/state-file.ts";
import { createRandom } from "../support/random.ts";
import { adminId, createTestApp, type TestApp, testPassphrase } from "../support/test-app.ts";

/** The software device is slow on a busy machine. */
vi.setConfig({ testTimeout: 300_000 });

const rows = 160;
const epochs = 6;
/** Steps of 16 give every slice several places to stop. */
const options = { epochs, batch_size: 16 };

let app: TestApp;
let dataset: string;
let cpu: string;
let gpu: string;

beforeAll(async () => {
  app = await createTestApp({ config: { softwareGpu: true } });
  dataset = await makeDataset(app.app, { rows });
  const hosts = app.app.hosts.list();
  cpu = hosts.find(({ type }) => type === "cpu")!.uuid;
  gpu = hosts.find(({ type }) => type === "gpu")!.uuid;
});
afterAll(() => app.close());

let listening: Promise<{ url: string }> | undefined;
const listen = () => (listening ??= app.server.listen());

const move = (cluster_uuid: string, host_uuid: string) =>
  app.request("PUT", "/cluster/switch_host", { body: { cluster_uuid, host_uuid } });

const cyclesOf = async (uuid: string) =>
  (await app.request("GET", "/cluster", { query: { uuid } })).json<{ number_of_cycles: number }>().number_of_cycles;

/** Percent of the test rows that the cluster labels correctly. */
async function accuracyOf(cluster: string, dataset: string): Promise<number> {
  const task = await startRequest(app, cluster, dataset);
  await untilFinished(app, cluster, task.uuid);
  const query = { uuid: task.uuid, reference_uuid: dataset };
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

/** Drawn digits, 14 pixels wide, as a dataset. */
async function makeDigits(count: number, seed: number): Promise<string> {
  const { pixels, labels, columns } = drawDigits(count, seed);
  const width = columns / 2;
  const shade: Cell = (row, column) => {
    const at = (row * columns + 2 * Math.floor(column / width)) * columns + 2 * (column % width);
    return (pixels[at]! + pixels[at + 1]! + pixels[at + columns]! + pixels[at + columns + 1]!) / 4;
  };
  return makeDataset(app.app, {
    rows: count,
    groups: [
      { name: "picture", width: width * width, cell: shade },
      { name: "label", width: 10, cell: (row, column) => (labels[row] === column ? 1 : 0) },
    ],
  });
}

// Eight seeds that stay on the CPU reach 95.9 % on 2000 digits with a standard deviation of 0.23 points. Two
// independent trainings on the same data therefore differ by 0.33 points: one point is three times that.
test("a cluster that moves at random cycles of a training learns as well as one that stays", async () => {
  const [digits, others] = [await makeDigits(1500, 1), await makeDigits(2000, 2)];
  // The CPU completes thousands of cycles before it learns of a move.
  const training = { epochs: 20, batch_size: 32 };
  const stays = await makeCluster(app, { name: "stays" });
  await untilFinished(app, stays, (await startTrain(app, stays, digits, training)).uuid);

  const random = createRandom(5);
  const moves = await makeCluster(app, { name: "moves" });
  const task = await startTrain(app, moves, digits, training);
  let moved = 0;
  for (let isOver = false; !isOver && moved < 8; moved++) {
    const target = moved % 2 === 0 ? gpu : cpu;
    expect((await move(moves, target)).status).toBe(200);
    const seen = (await getTask(app, moves, task.uuid)).current_cycle;
    // The software GPU gets the smaller part, because it is slow.
    const next = seen + random.int(1, target === gpu ? 64 : 300);
    const { state } = await untilTask(
      app,
      moves,
      task.uuid,
      ({ state: now, current_cycle }) => now === "finished" || current_cycle >= next,
    );
    isOver = state === "finished";
  }
  expect(moved).toBeGreaterThan(4);
  expect((await move(moves, cpu)).status).toBe(200);
  await untilFinished(app, moves, task.uuid);
  expect(await getTask(app, moves, task.uuid)).toMatchObject({ state: "finished", current_cycle: 30_000 });
  // Nothing was trained twice or skipped.
  expect(await cyclesOf(moves)).toBe(30_000);
  const [itMoved, itStayed] = [await accuracyOf(moves, others), await accuracyOf(stays, others)];
  expect(itStayed).toBeGreaterThan(94);
  expect(Math.abs(itMoved - itStayed)).toBeLessThanOrEqual(1);
});

/** Rows whose first 8 values determine the expected ones; the others are rare and carry no information. */
function makeMostlyNothing(rowCount: number, seed: number): Promise<string> {
  const random = createRandom(seed);
  const width = 40;
  const values = Array.from({ length: rowCount * width }, (_, i) =>
    i % width < 8 ? random.int(0, 1) : Number(random.int(1, 1000) === 1),
  );
  const cell: Cell = (row, column) => values[row * width + column]!;
  const isRight = (row: number) => (cell(row, 0) === cell(row, 1) ? 1 : 0);
  return makeDataset(app.app, {
    rows: rowCount,
    type: "float32",
    groups: [
      { name: "picture", width, cell },
      { name: "label", width: 2, cell: (row, column) => (column === isRight(row) ? 1 : 0) },
    ],
  });
}

test("a training with reduction removes the same sections on a GPU as on the CPU", async () => {
  const [rowsToLearn, others] = [await makeMostlyNothing(2500, 1), await makeMostlyNothing(500, 2)];
  const template = smallTemplate.replace("enable_reduction: false", "enable_reduction: true");
  const learn = async (cluster: string, epochs: number) => {
    const task = await startTrain(app, cluster, rowsToLearn, { epochs, batch_size: 128 });
    await untilFinished(app, cluster, task.uuid);
    return count(restoreState(await stateOf(app.app, cluster)).state, "section");
  };
  const results = [];
  for (const host of [cpu, gpu]) {
    const cluster = await makeCluster(app, { name: `reduced ${results.length}`, template });
    // Sections that exist after 5000 cycles and have learnt nothing are removed after 10 000, the last cycle.
    const before = await learn(cluster, 3);
    await move(cluster, host);
    const sections = await learn(cluster, 1);
    results.push({ gone: before - sections, sections, accuracy: await accuracyOf(cluster, others) });
  }
  const [here, there] = results as [(typeof results)[0], (typeof results)[0]];
  expect(here.gone).toBeGreaterThan(20);
  expect(Math.abs(there.sections - here.sections)).toBeLessThanOrEqual(0.01 * here.sections);
  expect(Math.abs(there.accuracy - here.accuracy)).toBeLessThanOrEqual(1);
});

test("a training on a GPU whose process is killed continues from the snapshot", async () => {
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
  const { url } = await listen();
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

test("an unknown host is refused, and the cluster stays; older clients name a hexagon, and the whole cluster moves", async () => {
  const cluster = await makeCluster(app, { name: "refused" });
  const hostOf = async () =>
    (await app.request("GET", "/cluster", { query: { uuid: cluster } })).json<{ host_uuid: string }>().host_uuid;
  const nowhere = "00000000-0000-4000-8000-000000000000";
  expect(await move(cluster, nowhere)).toMatchObject({ status: 404, text: `Host with uuid '${nowhere}' not found` });
  expect(await hostOf()).toBe(cpu);
  const body = { cluster_uuid: cluster, host_uuid: gpu, hexagon_id: 1 };
  expect((await app.request("PUT", "/cluster/switch_host", { body })).status).toBe(200);
  expect(await hostOf()).toBe(gpu);
  expect((await move(cluster, gpu)).status).toBe(200);
});

test("a client reads all figures of the hosts", async () => {
  const { url } = await listen();
  const hanami = new HanamiClient({ address: url, user: adminId, passphrase: testPassphrase });
  const [first, second] = await hanami.hosts.list();
  expect(first).toMatchObject({ uuid: cpu, type: "cpu", state: "ready", error: null, vendor: null, buffer_max: null });
  expect(second).toEqual({
    uuid: gpu,
    type: "gpu",
    name: expect.stringContaining("SwiftShader"),
    load: expect.any(Number),
    memory_free: expect.any(Number),
    memory_total: expect.any(Number),
    clusters: expect.any(Number),
    buffer_max: 2 ** 30 - 2 ** 16,
    vendor: "google",
    driver: expect.stringContaining("SwiftShader driver"),
    state: "ready",
    error: null,
  });
});
