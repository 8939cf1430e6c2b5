/** The rolling score of what a cluster learns in direct IO, and of rows of `learn`. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { authenticate } from "../../src/accounts/authenticate.ts";
import { openDirectIo } from "../../src/clusters/direct-io.ts";
import { RollingScore } from "../../src/clusters/rolling-score.ts";
import { collectMetrics } from "../../src/metrics/collect-metrics.ts";
import type { OutputTally } from "../../src/network/run-scores.ts";
import { makeCluster, oneHot, pixel } from "../support/compute.ts";
import { listenTo } from "../support/heard-events.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

interface Shown {
  samples: number;
  loss?: number;
  accuracy?: number;
  error?: number;
  outputs: Record<string, { loss?: number; accuracy?: number; error?: number }>;
}

async function scoreOf(uuid: string): Promise<Shown | undefined> {
  const answer = await app.request("GET", "/cluster", { query: { uuid } });
  return answer.json<{ score?: Shown }>().score;
}

const prometheus = async (uuid: string) => {
  const lines = (await collectMetrics(app.app, { withClusters: true })).split("\n");
  return lines.filter((line) => line.startsWith("hanami_cluster_direct_") && line.includes(uuid));
};

const tally = (rows: number, hits: number, more: Partial<OutputTally> = {}): OutputTally => ({
  name: "out",
  rows,
  odd: 0,
  hits,
  loss: 0,
  squaredErrors: 0,
  targets: 0,
  squaredTargets: 0,
  ...more,
});

test("a score is of the last thousand samples, and of all while there are fewer", () => {
  const score = new RollingScore();
  const outputs = [{ name: "out", measure: "class" as const, range: 1 }];
  expect(score.read(outputs)).toEqual({ samples: 0, outputs: { out: {} } });
  for (let n = 0; n < 999; n++) score.add({ samples: 1, outputs: [tally(1, 0)] });
  expect(score.read(outputs)).toMatchObject({ samples: 999, accuracy: 0 });
  for (let n = 0; n < 500; n++) score.add({ samples: 2, outputs: [tally(2, 2)] });
  const { samples, accuracy } = score.read(outputs);
  expect(samples).toBeGreaterThanOrEqual(1000);
  expect(samples).toBeLessThan(1000 + 2 * 16);
  expect(accuracy).toBeCloseTo(1000 / samples, 6);
  score.add({ samples: 5000, outputs: [tally(5000, 2500)] });
  // The piece before it was not full.
  expect(score.read(outputs).samples).toBeLessThan(5000 + 16);
  expect(score.read(outputs).accuracy).toBeCloseTo(0.5, 2);
});

test("what others hold is not changed, and a row that is no class makes values of an output", () => {
  const score = new RollingScore();
  const outputs = [{ name: "out", measure: "one-hot" as const, range: 1 }];
  const first = tally(4, 4, { squaredErrors: 1, targets: 2, squaredTargets: 2 });
  score.add({ samples: 4, outputs: [first] });
  expect(score.read(outputs)).toMatchObject({ accuracy: 1 });
  score.add({ samples: 4, outputs: [tally(4, 0, { odd: 4, squaredErrors: 1, targets: 2, squaredTargets: 2 })] });
  expect(score.read(outputs)).toEqual({ samples: 8, loss: 1, error: 0.5, outputs: { out: { loss: 1, error: 0.5 } } });
  expect(first.rows).toBe(4);
});

test("direct IO: the score is in the cluster, in events and in Prometheus, and ends with the network", async () => {
  const uuid = await makeCluster(app, { name: "direct" });
  await app.request("PUT", "/cluster/set_mode", { body: { uuid, new_state: "DIRECT" } });
  const caller = await authenticate(app.app, app.token);
  const direct = await openDirectIo({ app: app.app, caller }, uuid, () => {});
  expect(await scoreOf(uuid)).toBeUndefined();
  expect(await prometheus(uuid)).toEqual([]);
  const listener = await listenTo(app, { query: { kind: "cluster.score", cluster_uuid: uuid } });
  for (let row = 0; row < 320; row++) {
    direct.setInput(
      "picture_hex",
      Float32Array.from({ length: 16 }, (_, column) => pixel(row, column)),
    );
    direct.setExpected(
      "label_hex",
      Float32Array.from({ length: 8 }, (_, column) => oneHot(row, column)),
    );
    await direct.train();
  }
  direct.close();
  const score = await scoreOf(uuid);
  expect(score).toMatchObject({ samples: 320, outputs: { label_hex: { accuracy: score!.accuracy } } });
  expect(score!.accuracy).toBeGreaterThan(0.5);
  expect(score!.loss).toBeLessThan(2);
  const { data } = await listener.first("cluster.score");
  expect(data).toMatchObject({ uuid, score: { outputs: { label_hex: {} } }, project_id: "admin" });
  expect(await prometheus(uuid)).toEqual([
    `hanami_cluster_direct_samples{cluster="${uuid}"} 320`,
    `hanami_cluster_direct_loss{cluster="${uuid}"} ${score!.loss}`,
    `hanami_cluster_direct_accuracy{cluster="${uuid}"} ${score!.accuracy}`,
  ]);
  await app.request("DELETE", "/cluster", { query: { uuid } });
  expect(await prometheus(uuid)).toEqual([]);
});

test("rows of learn: a number has its error in the unit of its column, also when its range grows", async () => {
  const template = `version: 1 settings: hexagons: 1,1,1 2,1,1 3,1,1 inputs: row: 1,1,1 (table) outputs: price: 3,1,1 (number)`;
  const cluster_uuid = await makeCluster(app, { name: "prices", template });
  const rows = (count: number, factor: number) =>
    Array.from({ length: count }, (_, row) => ({ size: row % 10, cost: factor * (row % 10) }));
  for (let turn = 0; turn < 6; turn++) {
    const body = { cluster_uuid, rows: rows(100, 20), targets: { price: "cost" } };
    await app.request("POST", "/cluster/learn", { body });
  }
  const score = await scoreOf(cluster_uuid);
  expect(score!.samples).toBe(592);
  // The answers of the mean would be off by 57, those before the first step by more.
  expect(score!.error).toBeGreaterThan(0);
  expect(score!.error).toBeLessThan(57);
  expect(score).not.toHaveProperty("accuracy");
  await app.request("POST", "/cluster/learn", { body: { cluster_uuid, rows: rows(100, 2000) } });
  expect((await scoreOf(cluster_uuid))!.samples).toBe(688);
});
