import { eq } from "drizzle-orm";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createCluster } from "../../../src/clusters/create-cluster.ts";
import { clusters } from "../../../src/db/schema/index.ts";
import { createTrainTask } from "../../../src/tasks/create-train-task.ts";
import { TALLIES } from "../../../src/network/run-scores.ts";
import type { Curve } from "../../../src/tasks/curve/curve.ts";
import { keptCurve } from "../../../src/tasks/curve/keep-curve.ts";
import { metricsPoints, type MetricsPoint } from "../../../src/tasks/curve/metrics-points.ts";
import { deleteTask } from "../../../src/tasks/delete-task.ts";
import { getTask, type TaskKey } from "../../../src/tasks/get-task.ts";
import { getTaskMetrics } from "../../../src/tasks/get-task-metrics.ts";
import { makeDataset, smallTemplate, trainBody } from "../../support/compute.ts";
import { type KillableHost, openRig, over, type Rig } from "../../support/compute-rig.ts";
import { listenTo } from "../../support/heard-events.ts";
import { base64, createTestApp, type TestApp } from "../../support/test-app.ts";

vi.setConfig({ testTimeout: 120_000 });

const rows = 300;
let app: TestApp;
let dataset: string;

beforeAll(async () => {
  app = await createTestApp();
  dataset = await makeDataset(app.app, { rows });
});
afterAll(() => app.close());

let names = 0;

async function train(rig: Rig, more: Record<string, unknown> = {}) {
  const name = `cluster ${++names}`;
  const cluster = await createCluster(rig.context, { name, template: base64(smallTemplate), seed: 5 });
  return createTrainTask(rig.context, { time_length: 1, epochs: 40, ...trainBody(cluster.uuid, dataset), ...more });
}

async function held(host: KillableHost): Promise<void> {
  await expect.poll(() => host.isHeld, { interval: 2, timeout: 30_000 }).toBe(true);
}

/** Cycles of the task in the snapshot of its cluster. */
async function savedCycle({ cluster_uuid }: TaskKey): Promise<number> {
  const [row] = await app.app.db.select().from(clusters).where(eq(clusters.uuid, cluster_uuid));
  return row!.snapshot_task_cycle;
}

/** Waits for a snapshot in the middle of the task, and holds the training after it. */
async function holdAfterSnapshot({ hosts: [host] }: Rig, task: TaskKey): Promise<number> {
  await expect.poll(() => savedCycle(task), { interval: 2, timeout: 30_000 }).toBeGreaterThan(0);
  host.slicesLeft = 0;
  await held(host);
  return savedCycle(task);
}

const pointsOf = (curve: Curve | undefined): MetricsPoint[] => [...metricsPoints(curve!)];

/** The curve tells each of the first cycles once. */
function expectWhole(curve: Curve | undefined, cycles: number): void {
  const points = pointsOf(curve);
  expect(points.at(-1)?.cycle).toBe(cycles);
  // All rows have targets, and the host has scored each of them.
  expect(curve!.points.reduce((sum, { tallies }) => sum + tallies[TALLIES.indexOf("rows")]!, 0)).toBe(cycles);
  expect(points.reduce((sum, { samples }) => sum + samples, 0)).toBe(cycles);
  for (const { samples, samples_per_second: rate } of points) {
    expect(samples).toBeGreaterThan(0);
    expect(rate).toBeGreaterThan(0);
  }
}

test("after a kill, a training has the points up to its snapshot, and goes on from there", async () => {
  const rig = await openRig(app, { snapshotIntervalMs: 10 });
  const task = await train(rig);
  const cycle = await holdAfterSnapshot(rig, task);
  const live = (await getTaskMetrics(rig.context, task)).curve!;
  expect(live.cycle).toBeGreaterThanOrEqual(cycle);
  await rig.crash();
  const kept = await keptCurve(app.app.db, task.uuid);
  expectWhole(kept, cycle);
  expect(pointsOf(live).slice(0, kept!.points.length)).toEqual(pointsOf(kept));

  const next = await openRig(app);
  expect(await over(next, task)).toMatchObject({ state: "finished" });
  const all = (await getTaskMetrics(next.context, task)).curve;
  expect(pointsOf(all).slice(0, kept!.points.length)).toEqual(pointsOf(kept));
  expectWhole(all, 40 * rows);
});

test("a host that is lost takes the points since the snapshot with it; they come again once", async () => {
  const rig = await openRig(app, { snapshotIntervalMs: 10 });
  const [host] = rig.hosts;
  const task = await train(rig);
  await holdAfterSnapshot(rig, task);
  host.slicesLeft = 3;
  await host.kill();
  await held(host);
  host.slicesLeft = Infinity;
  await host.kill();
  expect(await over(rig, task)).toMatchObject({ state: "finished" });
  expectWhole((await getTaskMetrics(rig.context, task)).curve, 40 * rows);
});

test("a task that fails has the points up to the cycle that its network keeps", async () => {
  const rig = await openRig(app, { snapshotIntervalMs: 10 });
  const [host] = rig.hosts;
  const task = await train(rig);
  const cycle = await holdAfterSnapshot(rig, task);
  for (let loss = 0; loss < 3; loss++) {
    await held(host);
    host.slicesLeft = 0;
    await host.kill();
  }
  const failed = await over(rig, task);
  expect(failed).toMatchObject({ state: "failed", current_cycle: cycle });
  expectWhole((await getTaskMetrics(rig.context, task)).curve, cycle);
});

test("an aborted task has all of its points, without a snapshot before", async () => {
  const rig = await openRig(app, { snapshotIntervalMs: 60_000 });
  const task = await train(rig, { epochs: 100_000 });
  const cycle = async () => (await getTask(rig.context, task)).current_cycle;
  await expect.poll(cycle, { interval: 2, timeout: 30_000 }).toBeGreaterThan(100);
  expect(await keptCurve(app.app.db, task.uuid)).toBeUndefined();
  await deleteTask(rig.context, task);
  expectWhole(await keptCurve(app.app.db, task.uuid), await cycle());
});

test("a training with few epochs is measured at least twenty times, the same after a kill", async () => {
  const validated = { validation: { share: 0.2 }, epochs: 3, batch_size: 8 };
  const measured = (points: readonly MetricsPoint[]) =>
    points.flatMap(({ cycle, validation_loss: loss, validation_outputs: outputs }) =>
      loss === undefined ? [] : [{ cycle, loss, outputs }],
    );
  const rig = await openRig(app, { snapshotIntervalMs: 1 });
  const task = await train(rig, validated);
  await holdAfterSnapshot(rig, task);
  await rig.crash();
  const next = await openRig(app);
  const { outcome } = await over(next, task);
  const points = pointsOf((await getTaskMetrics(next.context, task)).curve);
  const all = measured(points);
  expect(all.length).toBeGreaterThanOrEqual(20);
  for (const { cycle } of all) expect(cycle % 8 === 0 || cycle === task.total_number_of_cycles).toBe(true);
  expect(all.at(-1)?.cycle).toBe(task.total_number_of_cycles);
  const { log_loss, accuracy } = outcome!.metrics!["label_hex"] as { log_loss: number; accuracy: number };
  expect(all.at(-1)?.loss).toBeCloseTo(log_loss, 6);
  expect(points.at(-1)?.validation_accuracy).toBeCloseTo(accuracy, 6);

  const undisturbed = await train(next, validated);
  await over(next, undisturbed);
  expect(measured(pointsOf((await getTaskMetrics(next.context, undisturbed)).curve))).toEqual(all);
});

test("events tell the last point at most twice a second, and the end in any case", async () => {
  const rig = await openRig(app);
  const listener = await listenTo(app, { query: { kind: "task.metrics,task.ended" } });
  const task = await train(rig);
  await listener.first("task.ended");
  expect(listener.kinds().at(-1)).toBe("task.ended");
  const told = listener.heard.filter(({ kind }) => kind === "task.metrics").map(({ data }) => data);
  const points = pointsOf((await getTaskMetrics(rig.context, task)).curve);
  expect(new Set(told.map(({ uuid }) => uuid))).toEqual(new Set([task.uuid]));
  expect(told.at(-1)!["point"]).toEqual(points.at(-1));
  const pauses = told.slice(1).map((each, nth) => Number(each["timestamp_ms"]) - Number(told[nth]!["timestamp_ms"]));
  // Both clocks count whole milliseconds.
  for (const pause of pauses.slice(0, -1)) expect(pause).toBeGreaterThan(496);
});
