/** Clusters with a lost host: the API reports it, and they can be moved with the state of their last snapshot. */
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { ClusterNetwork } from "../../src/clusters/cluster-network.ts";
import { createCluster } from "../../src/clusters/create-cluster.ts";
import { getCluster } from "../../src/clusters/get-cluster.ts";
import { openDirectIo } from "../../src/clusters/direct-io.ts";
import { setMode } from "../../src/clusters/set-mode.ts";
import { switchHost } from "../../src/clusters/switch-host.ts";
import { clusters } from "../../src/db/schema/index.ts";
import { workerLink } from "../../src/hosts/cpu/worker-link.ts";
import type { OpenHostLink } from "../../src/hosts/protocol.ts";
import { readCycle } from "../../src/network/cycle.ts";
import { restoreState } from "../../src/network/state-file.ts";
import { createTrainTask } from "../../src/tasks/create-train-task.ts";
import { getTask } from "../../src/tasks/get-task.ts";
import { sliceOf } from "../hosts/slices.ts";
import { makeDataset, smallTemplate, stateOf, trainBody } from "../support/compute.ts";
import { cpuWorker, openRig, over, type Rig } from "../support/compute-rig.ts";
import { base64, createTestApp, type TestApp } from "../support/test-app.ts";

vi.setConfig({ testTimeout: 120_000 });

let app: TestApp;
let dataset: string;
const rows = 200;
const epochs = 20;

beforeAll(async () => {
  app = await createTestApp();
  dataset = await makeDataset(app.app, { rows });
});
afterAll(() => app.close());

let names = 0;
const newCluster = async (rig: Rig) =>
  (await createCluster(rig.context, { name: `cluster ${++names}`, template: base64(smallTemplate), seed: 5 })).uuid;

const train = (rig: Rig, cluster: string) =>
  createTrainTask(rig.context, { time_length: 1, epochs, ...trainBody(cluster, dataset) });

const move = (rig: Rig, cluster_uuid: string, host: { uuid: string }) =>
  switchHost(rig.context, { cluster_uuid, host_uuid: host.uuid });

/** A host that works until `break` is called; from then on its process ends at once. */
function fragileLink() {
  const real = workerLink(cpuWorker, "fragile");
  let isBroken = false;
  const open: OpenHostLink = (events) => {
    if (!isBroken) return real(events);
    setImmediate(() => events.lost("its device is gone"));
    return { post: () => undefined, close: async () => undefined };
  };
  return { open, break: () => (isBroken = true), repair: () => (isBroken = false) };
}

test("a host stays lost: the cluster reports it, and continues elsewhere from its snapshot", async () => {
  const link = fragileLink();
  const rig = await openRig(app, { secondLink: link.open });
  const [other, broken] = rig.hosts;
  const cluster = await newCluster(rig);
  await move(rig, cluster, broken);
  expect((await over(rig, await train(rig, cluster))).state).toBe("finished");
  const before = await stateOf(rig.context.app, cluster);

  link.break();
  await broken.kill();
  const failed = await over(rig, await train(rig, cluster));
  expect(failed).toMatchObject({ state: "failed", error_message: "The host was lost: its device is gone" });
  expect(await getCluster(rig.context, { uuid: cluster })).toMatchObject({
    hostState: "lost",
    unavailable: "The host was lost: its device is gone",
    cluster: { host_uuid: broken.uuid },
    figures: { cycle: rows * epochs },
  });

  await move(rig, cluster, other);
  expect(await getCluster(rig.context, { uuid: cluster })).toMatchObject({
    hostState: "ready",
    unavailable: null,
    cluster: { host_uuid: other.uuid },
  });
  expect((await stateOf(rig.context.app, cluster)).equals(before)).toBe(true);
  expect((await over(rig, await train(rig, cluster))).state).toBe("finished");
  expect((await getCluster(rig.context, { uuid: cluster })).figures.cycle).toBe(2 * rows * epochs);

  // The repaired host accepts clusters again.
  link.repair();
  await move(rig, cluster, broken);
  expect(await getCluster(rig.context, { uuid: cluster })).toMatchObject({ hostState: "ready" });
});

test("a cluster without any training moves from a lost host, too", async () => {
  const link = fragileLink();
  link.break();
  const rig = await openRig(app, { secondLink: link.open });
  const [other, broken] = rig.hosts;
  const { uuid: cluster } = await createCluster(rig.context, {
    name: `cluster ${++names}`,
    template: base64(smallTemplate),
    host_uuid: broken.uuid,
  });
  expect(await getCluster(rig.context, { uuid: cluster })).toMatchObject({ hostState: "lost", figures: { cycle: 0 } });
  await move(rig, cluster, other);
  expect((await over(rig, await train(rig, cluster))).state).toBe("finished");
});

test("a host that dies while a cluster moves away in the middle of a task loses and repeats nothing", async () => {
  const rig = await openRig(app);
  const [source, target] = rig.hosts;
  const cluster = await newCluster(rig);
  source.slicesLeft = 3;
  const task = await train(rig, cluster);
  await expect.poll(() => source.isHeld, { interval: 5, timeout: 30_000 }).toBe(true);
  source.dieAt = "exportState";
  const moved = move(rig, cluster, target);
  // This call takes its turn before the slice after the held one.
  await getTask(rig.context, task);
  source.release();
  await moved;
  expect(await over(rig, task)).toMatchObject({ state: "finished" });
  expect((await target.exportState(cluster)).byteLength).toBeGreaterThan(0);

  const stays = await newCluster(rig);
  await move(rig, stays, target);
  await over(rig, await train(rig, stays));
  expect((await stateOf(rig.context.app, cluster)).equals(await stateOf(rig.context.app, stays))).toBe(true);
});

test("a process that ends while idle causes only a delay", async () => {
  const rig = await openRig(app);
  const cluster = await newCluster(rig);
  await over(rig, await train(rig, cluster));
  await rig.hosts[0].kill();
  rig.hosts[0].dieAt = "attach";
  const state = stateOf(rig.context.app, cluster);
  await expect.poll(() => rig.hosts[0].generation, { interval: 1 }).toBe(2);
  rig.hosts[0].dieAt = null;
  expect((await state).byteLength).toBeGreaterThan(0);
  expect(await getCluster(rig.context, { uuid: cluster })).toMatchObject({
    hostState: "ready",
    figures: { cycle: rows * epochs },
  });
});

test("a cluster whose host no longer exists is on the default one, and can be moved there permanently", async () => {
  const rig = await openRig(app);
  const cluster = await newCluster(rig);
  await over(rig, await train(rig, cluster));
  const state = await stateOf(rig.context.app, cluster);
  await rig.crash();
  const gone = randomUUID();
  await app.app.db.update(clusters).set({ host_uuid: gone }).where(eq(clusters.uuid, cluster));

  const next = await openRig(app);
  const shown = await getCluster(next.context, { uuid: cluster });
  expect(shown).toMatchObject({ hostState: "gone", cluster: { host_uuid: gone }, figures: { cycle: rows * epochs } });
  await move(next, cluster, next.hosts[0]);
  expect(await getCluster(next.context, { uuid: cluster })).toMatchObject({
    hostState: "ready",
    cluster: { host_uuid: next.hosts[0].uuid },
  });
  expect((await stateOf(next.context.app, cluster)).equals(state)).toBe(true);
});

test("a save after the loss of the host records the cycle of the state that it saves", async () => {
  const rig = await openRig(app, { snapshotIntervalMs: 1_000_000 });
  const cluster = await newCluster(rig);
  const inTurn = <T>(step: (network: ClusterNetwork) => Promise<T>) =>
    rig.context.app.scheduler.exclusive(cluster, step);
  const taskUuid = randomUUID();
  const learn = (first: number, end: number) =>
    inTurn((network) => network.train(sliceOf(first, end - first), { taskUuid, cycle: end }));
  await learn(0, 32);
  await inTurn((network) => network.save());
  await learn(32, 96);
  await rig.hosts[0].kill();
  // The network is restored from the first save, and this one saves it again.
  await inTurn((network) => network.save());
  const [row] = await app.app.db.select().from(clusters).where(eq(clusters.uuid, cluster));
  const saved = restoreState(await readFile(join(app.app.storage.clusters, row!.snapshot!)));
  expect(readCycle(saved.state.arrays.header)).toBe(32);
  expect(row).toMatchObject({ snapshot_task_uuid: taskUuid, snapshot_task_cycle: 32 });
});

test("a direct line reports the loss of acknowledged cycles, and only that", async () => {
  const rig = await openRig(app, { snapshotIntervalMs: 1_000_000 });
  const [host] = rig.hosts;
  const cluster = await newCluster(rig);
  await setMode(rig.context, { uuid: cluster, new_state: "DIRECT" });
  const line = await openDirectIo(rig.context, cluster, () => undefined);
  const learn = async () => {
    line.setInput("picture_hex", new Float32Array(16).fill(1));
    line.setExpected("label_hex", new Float32Array(8));
    await line.train();
  };
  await learn();
  await rig.context.app.scheduler.exclusive(cluster, (network) => network.save());
  await host.kill();
  // Everything was saved.
  await learn();
  await host.kill();
  await expect(learn()).rejects.toThrow("The host was lost: it ended between two cycles");
  await learn();
  expect((await getCluster(rig.context, { uuid: cluster })).figures.cycle).toBe(2);
  line.close();
});
