import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkpoints, clusters, datasets, tasks } from "../../src/db/schema/index.ts";
import { makeCluster } from "../support/compute.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

/** Several database pages, the last of which is full. */
const COUNT = 3000;

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

async function insertMany<Row>(row: (uuid: string) => Row, insert: (rows: Row[]) => Promise<unknown>) {
  const uuids = Array.from({ length: COUNT }, () => randomUUID());
  for (let first = 0; first < COUNT; first += 500) await insert(uuids.slice(first, first + 500).map(row));
  return uuids;
}

/** The uuids of a list. */
async function listed(path: string, column: number, query: Record<string, string> = {}): Promise<unknown[]> {
  const { body } = (await app.request("GET", path, { query })).json<{ body: unknown[][] }>();
  return body.map((row) => row[column]);
}

const owner = { owner_id: "nobody", project_id: "test_project" };

test("long lists are complete and in order", { timeout: 60_000 }, async () => {
  const { db, hosts } = app.app;
  const ofDatasets = await insertMany(
    (uuid) => ({ ...owner, uuid, name: "test", type: "csv" as const, state: "ready" as const }),
    (rows) => db.insert(datasets).values(rows),
  );
  const ofCheckpoints = await insertMany(
    (uuid) => ({ ...owner, uuid, name: "test", file_size: 1 }),
    (rows) => db.insert(checkpoints).values(rows),
  );
  const ofClusters = await insertMany(
    (uuid) => ({ ...owner, uuid, name: uuid, template: "", seed: 1, host_uuid: hosts.default().uuid }),
    (rows) => db.insert(clusters).values(rows),
  );
  expect(await listed("/dataset/all", 1)).toEqual(ofDatasets);
  expect(await listed("/checkpoint/all", 1)).toEqual(ofCheckpoints);
  expect(await listed("/cluster/all", 1)).toEqual(ofClusters);

  const cluster = await makeCluster(app, { name: "with tasks" });
  const plan = { kind: "save" as const };
  const ofTasks = await insertMany(
    (uuid) => ({
      ...owner,
      uuid,
      cluster_uuid: cluster,
      name: "test",
      plan,
      state: "finished" as const,
      total_number_of_cycles: 0,
    }),
    (rows) => db.insert(tasks).values(rows),
  );
  expect(await listed("/task/all", 0, { cluster_uuid: cluster })).toEqual(ofTasks.toSorted());
});
