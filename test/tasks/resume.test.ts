import { readdir } from "node:fs/promises";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createCluster } from "../../src/clusters/create-cluster.ts";
import { deleteCluster } from "../../src/clusters/delete-cluster.ts";
import { switchHost } from "../../src/clusters/switch-host.ts";
import { clusters, tasks } from "../../src/db/schema/index.ts";
import { createRequestTask } from "../../src/tasks/create-request-task.ts";
import { createTrainTask } from "../../src/tasks/create-train-task.ts";
import { deleteTask } from "../../src/tasks/delete-task.ts";
import { getTask } from "../../src/tasks/get-task.ts";
import { makeDataset, requestBody, smallTemplate, stateOf, trainBody } from "../support/compute.ts";
import { type KillableHost, openRig, type Rig } from "../support/compute-rig.ts";
import { createRandom } from "../support/random.ts";
import { base64, createTestApp, type TestApp } from "../support/test-app.ts";

let app: TestApp;
let dataset: string;
// Long enough to catch the training in the middle, which is slow on a busy machine.
vi.setConfig({ testTimeout: 120_000 });
const epochs = 200;
const rows = 300;

beforeAll(async () => {
  app = await createTestApp();
  dataset = await makeDataset(app.app, { rows });
});
afterAll(() => app.close());

let names = 0;
const newCluster = async (rig: Rig) =>
  (await createCluster(rig.context, { name: `cluster ${++names}`, template: base64(smallTemplate), seed: 5 })).uuid;

const train = (rig: Rig, cluster: string, more: Record<string, unknown> = {}) =>
  createTrainTask(rig.context, { time_length: 1, epochs, ...trainBody(cluster, dataset), ...more });

async function until(
  rig: Rig,
  key: { uuid: string; cluster_uuid: string },
  reached: (t: { state: string; current_cycle: number }) => boolean,
) {
  const look = async () => reached(await getTask(rig.context, key));
  await expect.poll(look, { interval: 5, timeout: 60_000 }).toBe(true);
}

async function held(host: KillableHost): Promise<void> {
  await expect.poll(() => host.isHeld, { interval: 5, timeout: 30_000 }).toBe(true);
}

const finished = (task: { state: string }) => task.state === "finished";

/** State of a cluster that was trained without any interruption. */
async function undisturbed(rig: Rig, more: Record<string, unknown> = {}): Promise<Buffer> {
  const cluster = await newCluster(rig);
  const task = await train(rig, cluster, more);
  await until(rig, task, finished);
  return stateOf(rig.context.app, cluster);
}

const snapshotOf = async (cluster: string) => {
  const [row] = await app.app.db.select().from(clusters).where(eq(clusters.uuid, cluster));
  return row;
};

test("a killed training continues from its snapshot and ends in the same state, byte for byte", async () => {
  const rig = await openRig(app);
  const cluster = await newCluster(rig);
  const task = await train(rig, cluster);
  const isSaved = async () => (await snapshotOf(cluster))?.snapshot_task_cycle;
  await expect.poll(isSaved, { interval: 5, timeout: 30_000 }).toBeGreaterThan(0);
  // Only now: a slice that waits delays snapshots, too.
  rig.hosts[0].slicesLeft = 0;
  await held(rig.hosts[0]);
  await rig.crash();
  const left = await snapshotOf(cluster);
  expect(left).toMatchObject({ snapshot_task_uuid: task.uuid });
  expect(left?.snapshot_task_cycle).toBeLessThan(rows * epochs);

  const next = await openRig(app);
  await until(next, task, finished);
  expect(await snapshotOf(cluster)).toMatchObject({ snapshot_task_uuid: null, snapshot_task_cycle: 0 });
  const state = await stateOf(next.context.app, cluster);
  expect(state.equals(await undisturbed(next))).toBe(true);
  await deleteCluster(next.context, { uuid: cluster });
});

test("a host that dies in the middle costs only the time since the snapshot", async () => {
  const rig = await openRig(app);
  const [host] = rig.hosts;
  const cluster = await newCluster(rig);
  host.slicesLeft = 2;
  const task = await train(rig, cluster);
  for (const slices of [3, Infinity]) {
    await held(host);
    host.slicesLeft = slices;
    await host.kill();
  }
  await until(rig, task, finished);
  expect(host.generation).toBe(2);
  expect((await stateOf(rig.context.app, cluster)).equals(await undisturbed(rig))).toBe(true);
});

test("a cluster moves to another host during training, and ends in the same state", async () => {
  const rig = await openRig(app);
  const [source, target] = rig.hosts;
  const cluster = await newCluster(rig);
  source.slicesLeft = 2;
  const task = await train(rig, cluster);
  await held(source);
  const moved = switchHost(rig.context, { cluster_uuid: cluster, host_uuid: target.uuid, hexagon_id: 1 });
  // This call takes its turn before the slice after the held one.
  await getTask(rig.context, task);
  source.release();
  await moved;
  await until(rig, task, finished);
  await expect(source.exportState(cluster)).rejects.toMatchObject({ kind: "unknown_cluster" });
  expect((await target.exportState(cluster)).byteLength).toBeGreaterThan(0);
  expect(await snapshotOf(cluster)).toMatchObject({ host_uuid: target.uuid });
  expect((await stateOf(rig.context.app, cluster)).equals(await undisturbed(rig))).toBe(true);
});

test("a cluster that moves at random points of a task, repeatedly, ends in the same state", async () => {
  const rig = await openRig(app);
  const random = createRandom(7);
  const cluster = await newCluster(rig);
  let [at, other] = rig.hosts;
  at.slicesLeft = 1;
  const longer = { epochs: 600 };
  const task = await train(rig, cluster, longer);
  // A fast machine needs few slices; the first five are short on any machine.
  const isOver = async () => finished(await getTask(rig.context, task));
  let moves = 0;
  for (; moves < 12; moves++) {
    await expect.poll(async () => at.isHeld || (await isOver()), { interval: 5, timeout: 30_000 }).toBe(true);
    if (!at.isHeld) break;
    other.slicesLeft = random.int(0, 2);
    const moved = switchHost(rig.context, { cluster_uuid: cluster, host_uuid: other.uuid });
    // This call takes its turn before the slice after the held one.
    await getTask(rig.context, task);
    at.release();
    await moved;
    [at, other] = [other, at];
  }
  at.release();
  await until(rig, task, finished);
  expect(moves).toBeGreaterThan(2);
  expect((await stateOf(rig.context.app, cluster)).equals(await undisturbed(rig, longer))).toBe(true);
});

test("a cluster stays where it was when the other host refuses it", async () => {
  const rig = await openRig(app);
  const cluster = await newCluster(rig);
  const task = await train(rig, cluster, { epochs: 1 });
  await until(rig, task, finished);
  const [source, target] = rig.hosts;
  target.dieAt = "attach";
  await expect(switchHost(rig.context, { cluster_uuid: cluster, host_uuid: target.uuid })).rejects.toMatchObject({
    kind: "conflict",
    message: `Can not move cluster to host with uuid '${target.uuid}': The host was lost: killed by the test`,
  });
  expect(await snapshotOf(cluster)).toMatchObject({ host_uuid: source.uuid });
  expect((await source.exportState(cluster)).byteLength).toBeGreaterThan(0);
});

test("epochs, batches and windows: a killed task still ends in the same state", async () => {
  const rig = await openRig(app);
  const more = { batch_size: 32, time_length: 4, epochs, learning_rate: 0.002, seed: 77 };
  const cluster = await newCluster(rig);
  rig.hosts[0].slicesLeft = 3;
  const task = await train(rig, cluster, more);
  expect(task.total_number_of_cycles).toBe((rows - 3) * epochs);
  await held(rig.hosts[0]);
  await rig.crash();
  const next = await openRig(app);
  await until(next, task, finished);
  expect((await stateOf(next.context.app, cluster)).equals(await undisturbed(next, more))).toBe(true);
});

test("the seed of the first task is the seed of the network; later ones change nothing", async () => {
  const rig = await openRig(app);
  const plain = await undisturbed(rig, { epochs: 1 });
  expect(plain.equals(await undisturbed(rig, { epochs: 1, seed: 5 }))).toBe(true);
  expect(plain.equals(await undisturbed(rig, { epochs: 1, seed: 6 }))).toBe(false);
});

test("an aborted task keeps what it learned, in memory and on disk, and the queue continues", async () => {
  const rig = await openRig(app, { snapshotIntervalMs: 60_000 });
  const cluster = await newCluster(rig);
  const task = await train(rig, cluster, { epochs: 100_000 });
  const behind = await createRequestTask(rig.context, { time_length: 1, ...requestBody(cluster, dataset) });
  await until(rig, task, ({ current_cycle }) => current_cycle > 100);
  await deleteTask(rig.context, task);
  const aborted = await getTask(rig.context, task);
  expect(aborted).toMatchObject({ state: "aborted", ended_at: null });
  expect(aborted.current_cycle).toBeGreaterThan(100);
  await until(rig, behind, finished);
  const state = await stateOf(rig.context.app, cluster);
  await rig.crash();

  const next = await openRig(app);
  expect((await stateOf(next.context.app, cluster)).equals(state)).toBe(true);
  await deleteTask(next.context, task);
  await expect(getTask(next.context, task)).rejects.toMatchObject({ kind: "not_found" });
});

test("a killed request starts again and its result is complete", async () => {
  const rig = await openRig(app);
  const long = await makeDataset(app.app, { rows: 20_000 });
  const cluster = await newCluster(rig);
  const task = await createRequestTask(rig.context, { time_length: 1, ...requestBody(cluster, long) });
  await until(rig, task, ({ current_cycle }) => current_cycle > 0);
  await rig.crash();
  const next = await openRig(app);
  await until(next, task, finished);
  const result = (await app.request("GET", "/dataset", { query: { uuid: task.uuid } })).json();
  expect(result).toMatchObject({ number_of_rows: 20_000 });
});

test("a graceful shutdown loses no cycle", async () => {
  const rig = await openRig(app, { snapshotIntervalMs: 60_000 });
  const cluster = await newCluster(rig);
  const task = await train(rig, cluster, { epochs: 100_000 });
  await until(rig, task, ({ current_cycle }) => current_cycle > 100);
  await rig.context.app.scheduler.close();
  const left = await snapshotOf(cluster);
  expect(left?.snapshot_task_cycle).toBeGreaterThan(100);
  const [row] = await app.app.db.select().from(tasks).where(eq(tasks.uuid, task.uuid));
  expect(row?.state).toBe("active");
  const next = await openRig(app);
  await until(next, task, ({ current_cycle }) => current_cycle > (left?.snapshot_task_cycle ?? Infinity));
  await deleteCluster(next.context, { uuid: cluster });
});

test("deleting a cluster stops its task and leaves neither files nor rows", async () => {
  const rig = await openRig(app);
  const cluster = await newCluster(rig);
  const task = await train(rig, cluster, { epochs: 100_000 });
  await until(rig, task, ({ current_cycle }) => current_cycle > 100);
  await deleteCluster(rig.context, { uuid: cluster });
  expect((await readdir(app.app.storage.clusters)).filter((name) => name.startsWith(cluster))).toEqual([]);
  expect(await app.app.db.select().from(tasks).where(eq(tasks.cluster_uuid, cluster))).toEqual([]);
  await expect(rig.hosts[0].exportState(cluster)).rejects.toMatchObject({ kind: "unknown_cluster" });
  await expect(deleteCluster(rig.context, { uuid: cluster })).rejects.toMatchObject({ kind: "not_found" });
});
