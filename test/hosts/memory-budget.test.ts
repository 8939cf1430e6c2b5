import { STREAM_STEP } from "../../src/network/stream.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eq } from "drizzle-orm";
import { createCluster } from "../../src/clusters/create-cluster.ts";
import { deleteCluster } from "../../src/clusters/delete-cluster.ts";
import { getCluster } from "../../src/clusters/get-cluster.ts";
import { openDirectIo } from "../../src/clusters/direct-io.ts";
import { createRestoreTask } from "../../src/tasks/create-restore-task.ts";
import { createSaveTask } from "../../src/tasks/create-save-task.ts";
import { setMode } from "../../src/clusters/set-mode.ts";
import { switchHost } from "../../src/clusters/switch-host.ts";
import { workerLink } from "../../src/hosts/cpu/worker-link.ts";
import { clusters } from "../../src/db/schema/index.ts";
import { createRequestTask } from "../../src/tasks/create-request-task.ts";
import { createTrainTask } from "../../src/tasks/create-train-task.ts";
import { deleteTask } from "../../src/tasks/delete-task.ts";
import { getTask } from "../../src/tasks/get-task.ts";
import { makeDataset, oneHot, pixel, requestBody, smallTemplate, stateOf, trainBody } from "../support/compute.ts";
import { cpuWorker, openRig, over, type Rig } from "../support/compute-rig.ts";
import { base64, createTestApp, type TestApp } from "../support/test-app.ts";

let app: TestApp;
/** Dataset that makes a network of less than 2 MB. */
let narrow: string;
/** Dataset that makes a network of more than 3 MB. */
let wide: string;

beforeAll(async () => {
  app = await createTestApp();
  narrow = await makeDataset(app.app, { rows: 16 });
  const groups = [
    { name: "picture", width: 2000, cell: pixel },
    { name: "label", width: 8, cell: oneHot },
  ];
  wide = await makeDataset(app.app, { rows: 200, groups });
});
afterAll(() => app.close());

/** Limits the networks of the first host to this many bytes. */
const openSmall = (memoryBytes: number, patienceMs?: number) =>
  openRig(app, {
    link: workerLink(cpuWorker, "cpu-host", { memoryBytes }),
    snapshotIntervalMs: 600_000,
    ...(patienceMs === undefined ? {} : { patienceMs }),
  });

let names = 0;
const newCluster = async (rig: Rig, host_uuid?: string) => {
  const input = { name: `cluster ${++names}`, template: base64(smallTemplate), seed: 5, host_uuid };
  return (await createCluster(rig.context, input)).uuid;
};

const train = (rig: Rig, cluster: string, data: string, epochs = 1) =>
  createTrainTask(rig.context, { time_length: 1, epochs, batch_size: 16, ...trainBody(cluster, data) });

test("a network that outgrows its host fails its task and keeps its state; other clusters continue", async () => {
  const rig = await openSmall(2_600_000);
  const [growing, other] = [await newCluster(rig), await newCluster(rig)];
  expect(await over(rig, await train(rig, growing, narrow))).toMatchObject({ state: "finished" });
  const before = await stateOf(rig.context.app, growing);
  expect(await over(rig, await train(rig, other, narrow))).toMatchObject({ state: "finished" });
  const beside = await train(rig, other, narrow, 2_000);

  const failed = await over(rig, await train(rig, growing, wide, 5));
  expect(failed).toMatchObject({ state: "failed", current_cycle: 0 });
  expect(failed.error_message).toMatch(
    /^The host has no room for this network: its clusters may take 2600000 bytes of memory, \d+ are free, \d+ more are needed\. The cluster keeps what it had learned by cycle 0 of the task\.$/,
  );
  expect((await stateOf(rig.context.app, growing)).equals(before)).toBe(true);
  const request = await createRequestTask(rig.context, { time_length: 1, ...requestBody(growing, wide) });
  expect(await over(rig, request)).toMatchObject({ state: "finished", current_cycle: 200 });
  expect(await over(rig, await train(rig, growing, narrow))).toMatchObject({ state: "finished" });
  expect(await over(rig, beside)).toMatchObject({ state: "finished" });
  expect(rig.hosts[0].generation).toBe(0);
  expect((await rig.hosts[0].status()).memoryBytesTotal).toBe(2_600_000);
});

test("a network that outgrows what others in use leave waits until they give way, and ends as alone", async () => {
  const rig = await openSmall(7_000_000);
  const [growing, other, alone] = [
    await newCluster(rig),
    await newCluster(rig),
    await newCluster(rig, rig.hosts[1].uuid),
  ];
  const tasks = [await train(rig, growing, wide, 20), await train(rig, other, wide, 20)];
  for (const task of tasks) expect(await over(rig, task)).toMatchObject({ state: "finished" });
  expect(await over(rig, await train(rig, alone, wide, 20))).toMatchObject({ state: "finished" });
  const state = await stateOf(rig.context.app, alone);
  for (const uuid of [growing, other]) expect((await stateOf(rig.context.app, uuid)).equals(state)).toBe(true);
});

test("direct IO that outgrows its host is refused, and the line continues from the last snapshot", async () => {
  const rig = await openSmall(1_500_000);
  const cluster = await newCluster(rig);
  await setMode(rig.context, { uuid: cluster, new_state: "DIRECT" });
  const line = await openDirectIo(rig.context, cluster, () => undefined);
  line.setInput("picture_hex", new Float32Array(2_000).fill(1));
  line.setExpected("label_hex", Float32Array.of(0, 1));
  const learn = async () => {
    // Samples wait for each other; the last one makes the network grow.
    for (let sample = 0; sample < STREAM_STEP; sample++) await line.train();
  };
  await expect(learn()).rejects.toMatchObject({ name: "HostError", kind: "room" });
  expect(await line.request()).toHaveLength(1);
  expect((await getCluster(rig.context, { uuid: cluster })).figures).toMatchObject({ cycle: 0, sections: 0 });
  line.close();
});

test("a cluster cannot enter a host in any way that is full of a network in use; afterwards it can", async () => {
  const rig = await openSmall(1_000_000, 100);
  const [full, roomy] = rig.hosts;
  const settled = await newCluster(rig);
  expect(await over(rig, await train(rig, settled, narrow))).toMatchObject({ state: "finished" });
  let release = () => {};
  const isOver = new Promise<void>((resolve) => (release = resolve));
  const { scheduler } = rig.context.app;
  await new Promise<void>((resolve) => {
    void scheduler.exclusive(settled, async (network) => {
      await network.markBusy();
      resolve();
      await isOver;
    });
  });
  const large = await newCluster(rig, roomy.uuid);
  expect(await over(rig, await train(rig, large, narrow))).toMatchObject({ state: "finished" });
  const state = await stateOf(rig.context.app, large);

  const moving = switchHost(rig.context, { cluster_uuid: large, host_uuid: full.uuid });
  await expect(moving).rejects.toMatchObject({
    kind: "conflict",
    message: expect.stringMatching(
      /^Can not move cluster to host with uuid '.*': The host has no room for this network/,
    ),
  });
  expect((await getCluster(rig.context, { uuid: large })).cluster.host_uuid).toBe(roomy.uuid);
  expect((await stateOf(rig.context.app, large)).equals(state)).toBe(true);

  const saved = await createSaveTask(rig.context, { cluster_uuid: large, name: "large" });
  expect(await over(rig, saved)).toMatchObject({ state: "finished" });
  const copy = { name: `cluster ${++names}`, checkpoint_uuid: saved.uuid, host_uuid: full.uuid };
  await expect(createCluster(rig.context, copy)).rejects.toMatchObject({
    kind: "conflict",
    message: expect.stringContaining(`Host with uuid '${full.uuid}' has no room for the cluster: of 1000000 bytes`),
  });
  expect((await createCluster(rig.context, { ...copy, host_uuid: roomy.uuid })).host_uuid).toBe(roomy.uuid);

  // Direct IO is refused; a task waits, until it is aborted or there is room.
  const line = await newCluster(rig, roomy.uuid);
  const restore = { cluster_uuid: line, checkpoint_uuid: saved.uuid };
  expect(await over(rig, await createRestoreTask(rig.context, restore))).toMatchObject({ state: "finished" });
  await setMode(rig.context, { uuid: line, new_state: "DIRECT" });
  await app.app.db.update(clusters).set({ host_uuid: full.uuid }).where(eq(clusters.uuid, line));
  await scheduler.exclusive(line, (network) => network.leave());
  await expect(openDirectIo(rig.context, line, () => undefined)).rejects.toMatchObject({
    kind: "conflict",
    message: expect.stringContaining("The host has no room for this network"),
  });
  const small = await newCluster(rig);
  const waiting = await createRestoreTask(rig.context, { cluster_uuid: small, checkpoint_uuid: saved.uuid });
  await expect.poll(async () => (await getTask(rig.context, waiting)).state).toBe("active");
  await deleteTask(rig.context, waiting);
  expect(await getTask(rig.context, waiting)).toMatchObject({ state: "aborted", current_cycle: 0 });
  expect((await getCluster(rig.context, { uuid: small })).figures).toMatchObject({ cycle: 0 });
  const again = await createRestoreTask(rig.context, { cluster_uuid: small, checkpoint_uuid: saved.uuid });
  release();
  expect(await over(rig, again)).toMatchObject({ state: "finished" });

  // Nobody uses the host any more.
  const io = await openDirectIo(rig.context, line, () => undefined);
  io.close();
  await switchHost(rig.context, { cluster_uuid: large, host_uuid: full.uuid });
  expect((await stateOf(rig.context.app, large)).equals(state)).toBe(true);
  expect((await createCluster(rig.context, { ...copy, name: `cluster ${++names}` })).host_uuid).toBe(full.uuid);
  for (let n = 0; n < 40; n++) await stateOf(rig.context.app, await newCluster(rig));
  const request = await createRequestTask(rig.context, { time_length: 1, ...requestBody(settled, wide) });
  expect(await over(rig, request)).toMatchObject({ state: "finished" });
});

/** Keeps a cluster's network in use until it is called. */
async function occupy(rig: Rig, cluster: string): Promise<() => void> {
  let release = () => {};
  const isOver = new Promise<void>((resolve) => (release = resolve));
  await new Promise<void>((resolve) => {
    void rig.context.app.scheduler.exclusive(cluster, async (network) => {
      await network.ready();
      await network.markBusy();
      resolve();
      await isOver;
    });
  });
  return release;
}

test("a task that waits for room ends at once when it, its cluster or the server does, and resumes", async () => {
  // Nobody runs out of patience in this test.
  const rig = await openSmall(1_000_000, 600_000);
  const { scheduler, hosts } = rig.context.app;
  const [aborted, deleted, stopped, full] = [
    await newCluster(rig),
    await newCluster(rig),
    await newCluster(rig),
    await newCluster(rig),
  ];
  for (const cluster of [aborted, deleted, stopped, full])
    expect(await over(rig, await train(rig, cluster, narrow))).toMatchObject({ state: "finished" });
  const before = await stateOf(rig.context.app, aborted);
  const release = await occupy(rig, full);
  const waiting = async (cluster: string) => {
    const task = await train(rig, cluster, narrow, 3);
    await expect.poll(async () => (await getTask(rig.context, task)).state, { interval: 5 }).toBe("active");
    return task;
  };

  const first = await waiting(aborted);
  await deleteTask(rig.context, first);
  expect(await getTask(rig.context, first)).toMatchObject({ state: "aborted", current_cycle: 0 });
  await waiting(deleted);
  await deleteCluster(rig.context, { uuid: deleted });
  const last = await waiting(stopped);
  hosts.hurry();
  await expect.poll(() => scheduler.progress(stopped, last.uuid), { interval: 5 }).toBeUndefined();
  const closed = scheduler.close();
  release();
  await closed;

  // With room for what the task adds.
  const next = await openSmall(10_000_000);
  expect(await over(next, last)).toMatchObject({ state: "finished", current_cycle: 48 });
  expect((await stateOf(next.context.app, aborted)).equals(before)).toBe(true);
  expect(await over(next, await train(next, aborted, narrow, 3))).toMatchObject({ state: "finished" });
  // Both began with the same seed.
  const [undisturbed, resumed] = [await stateOf(next.context.app, aborted), await stateOf(next.context.app, stopped)];
  expect(resumed.equals(undisturbed)).toBe(true);
});

test("growth that can never fit fails its task beside an idle network", async () => {
  const rig = await openSmall(2_600_000);
  const [growing, idle] = [await newCluster(rig), await newCluster(rig)];
  for (const cluster of [growing, idle]) await over(rig, await train(rig, cluster, narrow));
  const failed = await over(rig, await train(rig, growing, wide, 5));
  expect(failed).toMatchObject({ state: "failed", error_message: expect.stringContaining("has no room") });
  expect(await over(rig, await train(rig, idle, narrow))).toMatchObject({ state: "finished" });
});
